import { describe, expect, it } from 'vitest';
import { inventoryGraph, inventoryHost, layersOf, loadInventory, merged } from '../../../src/inventory/index.ts';
import { folderWith, load, mistakesOf } from '../../support/inventory.ts';

const winner = async (files: Record<string, string>, sources = ['hosts'], playbookDir = 'none') =>
  JSON.parse(inventoryHost(await load(files, sources, { playbookDir }), 'h')).v;

describe('of several values of a variable', () => {
  const HOSTS = '[child]\nh\n[parent:children]\nchild\n';

  it.each([
    ['a child group over its parent', { hosts: `${HOSTS}[child:vars]\nv=1\n[parent:vars]\nv=2\n` }, 1],
    [
      'the higher priority on one level',
      { hosts: '[a]\nh\n[b]\nh\n[a:vars]\nv=1\nansible_group_priority=9\n[b:vars]\nv=2\n' },
      1,
    ],
    ['the later name on one level', { hosts: '[b]\nh\n[a]\nh\n[a:vars]\nv=1\n[b:vars]\nv=2\n' }, 2],
    ['the host over its groups', { hosts: `${HOSTS}[child]\nh v=3\n`, 'group_vars/child': 'v: 2' }, 3],
    ['group_vars over the inventory', { hosts: `${HOSTS}[child:vars]\nv=1\n`, 'group_vars/all.yml': 'v: 2' }, 2],
    [
      'a group beside the inventory over all beside the playbook',
      { hosts: HOSTS, 'group_vars/parent': 'v: 1', 'none/group_vars/all': 'v: 2' },
      1,
    ],
    [
      'beside the playbook over beside the inventory',
      { hosts: HOSTS, 'group_vars/child': 'v: 1', 'none/group_vars/parent': 'v: 2' },
      2,
    ],
    ['host_vars over the host line', { hosts: 'h v=1\n', 'host_vars/h.yml': 'v: 2' }, 2],
    ['the later file of a folder', { hosts: HOSTS, 'group_vars/all/b.yml': 'v: 2', 'group_vars/all/a.yml': 'v: 1' }, 2],
  ])('%s wins', async (_, files, value) => {
    expect(await winner(files)).toBe(value);
  });

  it('each keeps its level, its owner and its place', async () => {
    const inventory = await load({ hosts: 'h v=1\n', 'group_vars/all.yml': '---\nv: 2\n' });
    const [host] = inventory.hosts.values();

    const layers = host ? layersOf(inventory, host) : [];
    expect(layers.map(({ level, owner, variables }) => [level, owner, variables.get('v')?.at.file])).toEqual([
      ['group', 'all', 'group_vars/all.yml'],
      ['group', 'all', 'group_vars/all.yml'],
      ['host', 'h', 'hosts'],
    ]);
    expect(merged(layers).get('v')).toMatchObject({ value: 1 });
  });
});

describe('files of variables', () => {
  it.each([
    ['without an extension', { 'group_vars/all': 'v: 1', 'group_vars/all.yml': 'v: 2' }, 1],
    ['in JSON', { 'group_vars/all.json': '{"v": 1e3}' }, 1000],
    ['below folders', { 'group_vars/all/sub/deep.yaml': 'v: 1' }, 1],
    [
      'that are hidden, backups or of other kinds',
      { 'group_vars/all/.a': 'v: 1', 'group_vars/all/b~': 'v: 2', 'group_vars/all/c.txt': 'v: 3' },
      undefined,
    ],
  ])('%s', async (_, files, value) => {
    expect(await winner({ hosts: 'h\n', ...files })).toBe(value);
  });

  it('are mistakes where they are no mappings or no YAML, all of them told', async () => {
    const files = { hosts: 'h\n', 'group_vars/all': '- 1\n', 'host_vars/h.yml': 'a: [\n' };

    expect(await mistakesOf(() => load(files))).toEqual([
      'BadVariables group_vars/all:1:1',
      'YamlSyntax host_vars/h.yml:1:4',
    ]);
  });

  it('that are vaults are opened by whoever can', async () => {
    const files = { hosts: 'h\n', 'group_vars/all': '$ANSIBLE_VAULT;1.1;AES256\n6162\n' };

    expect(await mistakesOf(() => load(files))).toEqual(['VaultLocked group_vars/all:1:1']);
    const inventory = await load(files, ['hosts'], { openVault: async () => 'v: 7\n' });
    expect(inventory.folders[0]?.groups.get('all')?.[0]?.get('v')).toMatchObject({ value: 7, secret: true });
    expect(JSON.parse(inventoryHost(inventory, 'h'))).toEqual({ v: '********' });
  });
});

describe('a folder of inventories', () => {
  it('is read by name, ignored files left out', async () => {
    const files = {
      'i/20': 'b\n',
      'i/10.yml': 'all: {hosts: {a: }}',
      'i/x.ini': 'no=',
      'i/.y': 'no=',
      'i/sub/z': 'c\n',
    };

    expect([...(await load(files, ['i'])).hosts.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('that holds none warns', async () => {
    const { warnings } = await load({ 'i/x.cfg': '' }, ['i']);

    expect(warnings.map(({ code }) => code)).toEqual(['NoInventory', 'NoInventory']);
  });
});

describe('a YAML inventory', () => {
  it.each([
    ['all: {hosts: {1234: }}', 'NameNotText hosts.yml:1:15'],
    ['all: {children: {1234: }}', 'NameNotText hosts.yml:1:18'],
    ['on: {hosts: {a: }}', 'NameNotText hosts.yml:1:1'],
    ['all: {hosts: [a, b]}', 'BadInventory hosts.yml:1:14'],
    ['all: {children: {g: 5}}', 'UnknownGroup hosts.yml:1:18'],
    ['all: {hosts: {a: [1]}}', 'BadInventory hosts.yml:1:18'],
    ['plugin: aws_ec2', 'InventoryPlugin hosts.yml:1:1'],
    ['- a', 'BadInventory hosts.yml:1:1'],
  ])('%s is a mistake: %s', async (text, expected) => {
    expect(await mistakesOf(() => load({ 'hosts.yml': text }))).toEqual([expected]);
  });

  it('warns of what it passes over', async () => {
    const { warnings } = await load({ 'hosts.yml': 'all: {host: {a: }, var: 1}\ng: 5\n' });

    expect(warnings.map(({ code }) => code)).toEqual(['UnknownKey', 'UnknownKey', 'NotAGroup']);
  });
});

describe('a list of hosts', () => {
  it('has ports but no ranges', async () => {
    const inventory = await loadInventory(['a:2222, [::1]:22,b[1:2],'], { cwd: folderWith({}) });

    expect([...inventory.hosts.keys()]).toEqual(['a', '::1', 'b[1:2]']);
    expect(JSON.parse(inventoryHost(inventory, 'a'))).toEqual({ ansible_port: 2222 });
  });
});

describe('sources', () => {
  it('add up', async () => {
    const inventory = await load({ one: '[g]\na\n', two: '[g]\nb\n[g:vars]\nv=1\n' }, ['one', 'two', 'c,']);

    expect(inventoryGraph(inventory)).toBe('@all:\n  |--@ungrouped:\n  |  |--c\n  |--@g:\n  |  |--a\n  |  |--b');
  });

  it('that do not exist, and mistakes of the others, are told together', async () => {
    expect(await mistakesOf(() => load({ one: 'a b\n' }, ['none', 'one', 'void']))).toEqual([
      'NoInventory',
      'BadHost one:1:1',
      'NoInventory',
    ]);
  });
});
