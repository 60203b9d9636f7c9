import { describe, expect, it } from 'vitest';
import { inventoryVariables } from '../../../src/inventory/index.ts';
import { makeScope } from '../../../src/template/index.ts';
import { folderWith, load, mistakesOf } from '../../support/inventory.ts';

const AT = { file: 'test', line: 1, column: 1 };
const INI = `[web]
web1.lab ip=10.0.0.1 port=80 url="http://{{ip}}:{{port}}"
10.0.0.2 broken="{{nowhere}}"
[front:children]
web
`;

type View = Readonly<Record<string, unknown>>;
const viewOf = async (name: string, files = { hosts: INI }) => {
  const inventory = await load(files);
  const { group, host, magic } = inventoryVariables(inventory)(name);
  const data = new Map([...magic].map(([key, value]) => [key, { data: value }]));
  const scope = makeScope([
    { name: 'group', vars: group },
    { name: 'host', vars: host },
    { name: 'magic', vars: data },
  ]);
  return (variable: string) => scope.lookup(variable, AT);
};

describe('the magic variables of a host', () => {
  it.each([
    ['inventory_hostname', 'web1.lab'],
    ['inventory_hostname_short', 'web1'],
    ['group_names', ['front', 'web']],
    [
      'groups',
      { all: ['web1.lab', '10.0.0.2'], front: ['web1.lab', '10.0.0.2'], ungrouped: [], web: ['web1.lab', '10.0.0.2'] },
    ],
  ])('%s', async (name, value) => {
    expect((await viewOf('web1.lab'))(name)).toEqual(value);
  });

  it('say where the inventory is', async () => {
    const cwd = folderWith({ 'i/hosts': 'h\n' });
    const of = inventoryVariables(await load({}, [`${cwd}/i`, 'other,']));

    expect([of('h').magic.get('inventory_dir'), of('h').magic.get('inventory_file')]).toEqual([
      `${cwd}/i`,
      `${cwd}/i/hosts`,
    ]);
    expect([of('other').magic.get('inventory_dir'), of('other').magic.get('inventory_file')]).toEqual([null, null]);
  });

  it('leave an address as it is', async () => {
    expect((await viewOf('10.0.0.2'))('inventory_hostname_short')).toBe('10.0.0.2');
  });
});

describe('hostvars', () => {
  it('shows another host as it sees itself, templates rendered', async () => {
    const hostvars = (await viewOf('10.0.0.2'))('hostvars') as Readonly<Record<string, View>>;

    expect(hostvars['web1.lab']?.url).toBe('http://10.0.0.1:80');
    expect(hostvars['web1.lab']?.group_names).toEqual(['front', 'web']);
  });

  it('fails only for the variable that is looked at', async () => {
    const hostvars = (await viewOf('web1.lab'))('hostvars') as Readonly<Record<string, View>>;

    expect(Object.keys(hostvars)).toEqual(['web1.lab', '10.0.0.2']);
    expect(await mistakesOf(() => hostvars['10.0.0.2']?.broken)).toEqual(['UndefinedVariable hosts:3:20']);
  });

  it('sees what tasks have set since', async () => {
    const memory = new Map([['port', { data: 80 }]]);
    const of = inventoryVariables(await load({ hosts: INI }), () => [{ name: 'set_fact', vars: memory }]);
    const hostvars = of('10.0.0.2').magic.get('hostvars') as Readonly<Record<string, View>>;

    memory.set('port', { data: 8080 });
    expect(hostvars['web1.lab']?.url).toBe('http://10.0.0.1:8080');
  });
});

describe('a localhost that no inventory names', () => {
  it('is reached without ssh and has the variables of all', async () => {
    const look = await viewOf('localhost', { hosts: 'h\n[all:vars]\nv=1\n' });

    expect([look('ansible_connection'), look('v'), look('group_names')]).toEqual(['local', 1, []]);
  });
});
