import { beforeAll, describe, expect, it } from 'vitest';
import { hostsMatching, type Inventory, limitPatterns, select } from '../../../src/inventory/index.ts';
import { folderWith, load, mistakesOf } from '../../support/inventory.ts';

const INI = `mail
[web]
web1
web2
web3
[db]
db1
db2
[prod:children]
db
[prod]
web1
`;
let inventory: Inventory;
beforeAll(async () => {
  inventory = await load({ hosts: INI });
});

const names = (pattern: string, limit: string[] = []) =>
  select(inventory, pattern, limit)
    .hosts.map((host) => host.name)
    .join(' ');

describe('a host pattern', () => {
  it.each([
    ['all', 'mail web1 web2 web3 db1 db2'],
    ['', 'mail web1 web2 web3 db1 db2'],
    ['web:db', 'web1 web2 web3 db1 db2'],
    ['db2, web1', 'db2 web1'],
    ['web:&prod', 'web1'],
    ['!web3:web', 'web1 web2'],
    ['&prod:all:!db', 'web1'],
    ['ungrouped', 'mail'],
    ['w?b[12]*', 'web1 web2'],
    ['*[!12]', 'mail web1 web2 web3 db1 db2'],
    ['web[0]', 'web1'],
    ['web[-1]', 'web3'],
    ['web[1:2]', 'web2 web3'],
    ['web[1:]', 'web2 web3'],
    ['web[5:9]', ''],
    ['web[2:0]', 'web3'],
    ['db1[0]', 'db1'],
    ['~(web|db)1', 'web1 db1'],
    ['!~web', 'mail db1 db2'],
    ['~web$', 'web1 web2 web3'],
    ['localhost', 'localhost'],
  ])('%j names %j', (pattern, expected) => {
    expect(names(pattern)).toBe(expected);
  });

  it('is limited by another', () => {
    expect(names('all', ['web', '!web1'])).toBe('web2 web3');
  });

  it('of a name that nobody has warns, with the nearest', () => {
    expect(select(inventory, 'prd:web1').warnings).toEqual(['no host or group matches "prd": did you mean "prod"?']);
  });

  it.each([
    ['web & db', 'EmptyPattern'],
    ['!', 'EmptyPattern'],
    ['web[3]', 'SliceOutOfRange'],
    ['web[-4]', 'SliceOutOfRange'],
    ['~web(', 'BadPattern'],
    ['~web(?!1)', 'UnsupportedPattern'],
  ])('%j is a mistake: %s', async (pattern, code) => {
    expect(await mistakesOf(() => select(inventory, pattern))).toEqual([code]);
  });

  it('matches in time linear in the name', async () => {
    const long = await load({ hosts: `${'a'.repeat(5000)}b\n` });

    expect(select(long, '~(a+)+$').hosts).toEqual([]);
    expect(select(long, `${'*a'.repeat(30)}*c`).hosts).toEqual([]);
  });
});

describe('a limit', () => {
  it('is read from a file, a pattern on each line', () => {
    const cwd = folderWith({ 'retry.txt': 'web1\n\n db2 \n' });

    expect(names('all', limitPatterns('@retry.txt', cwd))).toBe('web1 db2');
  });

  it.each(['@nosuch', '@.'])('%s is a mistake', async (limit) => {
    expect(await mistakesOf(() => limitPatterns(limit, folderWith({})))).toEqual(['BadLimit']);
  });

  it('that leaves nobody is a mistake', async () => {
    const list = () => hostsMatching(inventory, 'web', { limit: 'db', cwd: '/' });

    expect(await mistakesOf(list)).toEqual(['NoHostsMatched']);
  });

  it('that names nobody leaves all', () => {
    expect(hostsMatching(inventory, 'db', { limit: ' , ', cwd: '/' }).names).toEqual(['db1', 'db2']);
  });
});
