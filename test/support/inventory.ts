import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { type Inventory, type LoadOptions, loadInventory } from '../../src/inventory/index.ts';
import { UserError } from '../../src/source/diagnostic.ts';

const root = mkdtempSync(join(tmpdir(), 'kvmplay-inventory-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A new folder with these files; those that begin with `#!` can be executed. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return folder;
}

/** Load sources out of a new folder with these files. */
export const load = (
  files: Readonly<Record<string, string>>,
  sources = Object.keys(files).slice(0, 1),
  options: Partial<LoadOptions> = {},
): Promise<Inventory> => loadInventory(sources, { cwd: folderWith(files), ...options });

/** The mistakes that something ends with, each as `CODE file:line:column`. */
export async function mistakesOf(act: () => unknown): Promise<string[]> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.diagnostics.map(({ code, at }) => (at ? `${code} ${at.file}:${at.line}:${at.column}` : code));
  }
  return [];
}
