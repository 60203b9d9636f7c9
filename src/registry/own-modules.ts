import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Module } from '../contract/index.ts';
import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { addModule, moduleNames, ownModules } from './index.ts';

/**
 * Load modules of a project's own, each file one and once, called as its file is. Gives what is wrong with them; what is right can be
 * found in the registry from then on.
 */
export async function loadOwnModules(files: Iterable<string>): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const file of files) {
    if (ownModules().some((one) => one.file === file)) continue;
    const name = basename(file, '.ts');
    const exports = await importFile(file).catch((error: unknown) => error as Error);
    if (exports instanceof Error) {
      found.push(mistake('BadModule', `this module cannot be loaded: ${firstLine(exports)}`, placeIn(file, exports)));
      continue;
    }
    const module = exports[name];
    const wrong = contractMistakes(module, name, file, Object.keys(exports));
    found.push(...wrong);
    if (wrong.length === 0) addModule(module as Module, file);
  }
  return found;
}

type Exports = Readonly<Record<string, unknown>>;

/** By Node itself where it takes TypeScript, else by jiti. Both give modules the very kvmplay that runs them. */
async function importFile(file: string): Promise<Exports> {
  return canImportTypeScript() ? importNatively(file) : importByJiti(file);
}

/** Types of what Node has from 22.18 on. */
interface Hooks {
  readonly registerHooks?: (hooks: {
    readonly resolve: (
      specifier: string,
      context: object,
      next: (specifier: string, context: object) => unknown,
    ) => unknown;
  }) => unknown;
}

const canImportTypeScript = (): boolean =>
  Boolean((process.features as { typescript?: unknown }).typescript) &&
  (nodeModule as unknown as Hooks).registerHooks !== undefined;

let hooked = false;

async function importNatively(file: string): Promise<Exports> {
  if (!hooked) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const own: Readonly<Record<string, string>> = {
      kvmplay: new URL(`../index.${extension}`, import.meta.url).href,
      zod: import.meta.resolve('zod'),
    };
    (nodeModule as unknown as Hooks).registerHooks?.({
      resolve: (specifier, context, next) =>
        Object.hasOwn(own, specifier) ? { url: own[specifier], shortCircuit: true } : next(specifier, context),
    });
    hooked = true;
  }
  return import(pathToFileURL(file).href);
}

async function importByJiti(file: string): Promise<Exports> {
  const { createJiti } = await import('jiti');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const jiti = createJiti(import.meta.url, {
    fsCache: join(cache, 'kvmplay', 'modules'),
    tryNative: false,
    interopDefault: false,
    virtualModules: { kvmplay: await import('../index.ts'), zod: await import('zod') },
  });
  return jiti.import(file);
}

/** What it lacks of what every module has. */
function contractMistakes(module: unknown, name: string, file: string, exports: readonly string[]): Diagnostic[] {
  const wrong = (message: string, words: readonly RegExp[], hint?: string) =>
    mistake('BadModule', message, findIn(file, words), hint);
  if (typeof module !== 'object' || module === null) {
    const there = exports.length > 0 ? `it exports ${exports.join(', ')}` : 'it exports nothing';
    return [wrong(`the module is to be exported as "${name}", as its file is called; ${there}`, [/^export/m])];
  }
  const { name: own, summary, params, reads, plan, examples, replaces } = module as Record<string, unknown>;
  const found: Diagnostic[] = [];
  if (own !== name) found.push(wrong(`the module calls itself "${own}", and its file "${name}"`, at('name')));
  if (typeof summary !== 'string' || summary === '')
    found.push(wrong('a module has a summary: one sentence, what it makes so', at('summary')));
  if (!isSchema(params)) found.push(wrong('params is a zod schema', at('params'), 'import { z } from "kvmplay"'));
  for (const [part, value] of Object.entries({ reads, plan }))
    if (typeof value !== 'function') found.push(wrong(`${part} is a function`, at(part)));
  if (Array.isArray(examples) && isSchema(params))
    for (const [index, { params: shown } = {} as { params?: unknown }] of examples.entries()) {
      const refused = params.safeParse(shown).error?.issues[0];
      if (refused)
        found.push(wrong(`example ${index + 1} is not what its own params take: ${refused.message}`, at('examples')));
    }
  else if (!Array.isArray(examples)) found.push(wrong('examples is a list', at('examples')));
  if (moduleNames().includes(name) && replaces !== true) {
    const hint = 'call it otherwise, or say `replaces: true` in it';
    found.push(wrong(`there is a module "${name}" already`, at('name'), hint));
  }
  return found;
}

/** Where a part of the module may be written, the likeliest first. */
const at = (part: string): readonly RegExp[] => [
  new RegExp(`(?<=^[ \\t]*)${part}[ \\t]*[:(,]`, 'm'),
  /defineModule(?=\()/,
];

interface Schema {
  readonly safeParse: (value: unknown) => { readonly error?: { readonly issues: readonly { message: string }[] } };
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value;

const firstLine = ({ name, message }: Error): string => `${name}: ${(message.split('\n')[0] ?? '').trim()}`;

/** Where in the file the error says that it is; its beginning where it does not. */
export function placeIn(file: string, { message, stack = '' }: Error): Position {
  const [, line, column = '1'] = new RegExp(`${escaped(file)}:(\\d+)(?::(\\d+))?`).exec(`${stack}\n${message}`) ?? [];
  return { file, line: Number(line ?? 1), column: Number(column) };
}

export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Where the first of these words that is in the file stands; its beginning where none is. */
export function findIn(file: string, words: readonly RegExp[]): Position {
  const text = readFileSync(file, 'utf8');
  const index = words.map((word) => text.search(word)).find((one) => one >= 0) ?? 0;
  const lines = text.slice(0, index).split('\n');
  return { file, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
