import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findModule, moduleNames } from '../../../src/registry/index.ts';

const files = readdirSync(new URL('../../../modules/', import.meta.url))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));

describe('the registry', () => {
  it('knows every file in modules/, and no other', () => {
    expect(moduleNames()).toEqual(files.sort());
  });

  it.each(files)('finds %s under the name of its file', async (name) => {
    expect((await findModule(name))?.name).toBe(name);
  });

  it.each(['nothing', 'constructor', 'toString', ''])('has no module called "%s"', async (name) => {
    expect(await findModule(name)).toBeUndefined();
  });
});
