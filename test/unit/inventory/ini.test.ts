import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inventoryHost, loadInventory } from '../../../src/inventory/index.ts';
import { folderWith, load, mistakesOf } from '../../support/inventory.ts';

const variables = async (text: string, host = 'h') =>
  JSON.parse(inventoryHost(await load({ hosts: text }, ['hosts'], { variableFiles: false }), host));

describe('a value in INI', () => {
  it.each([
    ['80', 80],
    ['0x1F', 31],
    ['1_000', 1000],
    ['0755', '0755'],
    ['1e3', 1000],
    ['True', true],
    ['true', 'true'],
    ['yes', 'yes'],
    ['None', null],
    ['', ''],
    ["'80'", '80'],
    ['"a b"', 'a b'],
    ['[1, "a", {"b": None}]', [1, 'a', { b: null }]],
    ['{"a": 1}', { a: 1 }],
    ['1,2', [1, 2]],
    ['2-15,18-31', '2-15,18-31'],
    ['10.0.0.1', '10.0.0.1'],
    ['{{ x }}', '{{ x }}'],
    ['9000 # jumbo', 9000],
    ['text # no comment', 'text # no comment'],
    ["b'bytes'", 'bytes'],
    ["'a' 'b'", 'ab'],
    ['a=b', 'a=b'],
  ])('below [:vars], %s has its type', async (written, value) => {
    expect(await variables(`h\n[all:vars]\nv=${written}\n`)).toEqual({ v: value });
  });

  it.each([
    ['v=80', 80],
    ['v="80"', 80],
    [`v="'80'"`, '80'],
    ["v='a b'", 'a b'],
    ['v=a#b', 'a'],
    ['v="a#b"', 'a#b'],
    ['v=a\\ b', 'a b'],
    ['v="[1, 2]"', [1, 2]],
    ['v=', ''],
    ["v='it''s'", 'its'],
  ])('behind a host, %s is split as a shell does', async (written, value) => {
    expect(await variables(`h ${written}\n`)).toEqual({ v: value });
  });

  it('keeps integers of any size', async () => {
    const inventory = await load({ hosts: 'h v=123456789012345678901234567890\n' });

    expect(inventoryHost(inventory, 'h')).toContain('"v": 123456789012345678901234567890');
  });

  it('knows where it stands', async () => {
    const inventory = await load({ hosts: '[g]\nh one=1 two="xyz"\n[g:vars]\n  three = 3\n' });

    const { hosts, groups } = inventory;
    expect(hosts.get('h')?.variables.get('two')?.at).toEqual({ file: 'hosts', line: 2, column: 14, length: 3 });
    expect(groups.get('g')?.variables.get('three')?.at).toEqual({ file: 'hosts', line: 4, column: 11, length: 1 });
  });
});

describe('a mistake in INI', () => {
  it.each([
    ['h v\n', 'BadHost hosts:1:1'],
    ['h v="1\n', 'BadQuotes hosts:1:1'],
    ['h[3\n', 'BadRange hosts:1:1'],
    ['[g:vars]\nv=1\n', 'UnknownGroup hosts:1:1'],
    ['[g:children]\nx\n', 'UnknownGroup hosts:2:1'],
    ['[g:things]\n', 'BadSection hosts:1:1'],
    ['[g h]\n', 'BadSection hosts:1:1'],
    ['[g]\n[g:vars]\nv\n', 'BadVariable hosts:3:1'],
    ['[g:children]\ng\n', 'GroupLoop hosts:2:1'],
    ['[a:children]\nb\n[b:children]\na\n', 'GroupLoop hosts:4:1'],
    ['h v={{1}}\n', 'BadLiteral hosts:1:1'],
    ['[g]\n[g:vars]\nansible_group_priority=high\n', 'BadPriority hosts:3:1'],
    ['h v=1\nweb:\n', 'BadHost hosts:2:1'],
  ])('%j is %s', async (text, expected) => {
    expect(await mistakesOf(() => load({ hosts: text }))).toEqual([expected]);
  });

  it('is told with all others', async () => {
    expect(await mistakesOf(() => load({ hosts: 'h v\n\n  i w\n' }))).toEqual([
      'BadHost hosts:1:1',
      'BadHost hosts:3:3',
    ]);
  });
});

describe('bytes that are not UTF-8', () => {
  const loadBytes = (latin1: string) => {
    const cwd = folderWith({});
    writeFileSync(join(cwd, 'hosts'), latin1, 'latin1');
    return loadInventory(['hosts'], { cwd });
  };

  it('may stand in comments, whole lines and behind hosts', async () => {
    const inventory = await loadBytes('# caf\xe9 \xc3\xa9\n[g] # \xe9\nh v=1 # \xe9\n');

    expect(JSON.parse(inventoryHost(inventory, 'h'))).toEqual({ v: 1 });
  });

  it.each([
    ['h v=\xe9', 'NotText hosts:1:1'],
    ['h\xe9', 'NotText hosts:1:1'],
    ['h\n[all:vars]\nv=caf\xe9', 'NotText hosts:3:1'],
    ['[\xe9]', 'NotText hosts:1:1'],
  ])('are a mistake in %j', async (text, expected) => {
    expect(await mistakesOf(() => loadBytes(text))).toEqual([expected]);
  });
});

describe('a character by its name', () => {
  it('is refused where Python would read it, and not known here', async () => {
    expect(await mistakesOf(() => variables('h\n[all:vars]\nv="\\N{DIGIT ONE}"\n'))).toEqual([
      expect.stringMatching(/^NamedCharacter .*3:1/),
    ]);
    expect(await variables('h\n[all:vars]\nv=\\N{DIGIT ONE}\nw="\\N{DIGIT ONE}\n')).toEqual({
      v: '\\N{DIGIT ONE}',
      w: '"\\N{DIGIT ONE}',
    });
  });
});
