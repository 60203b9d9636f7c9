import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inventoryGraph, inventoryHost, loadInventory } from '../../../src/inventory/index.ts';
import { folderWith, load, mistakesOf } from '../../support/inventory.ts';

const script = (list: string, host = '{}') =>
  `#!/bin/sh\nif [ "$1" = --list ]; then cat <<'E'\n${list}\nE\nelse echo '${host}'; fi\n`;

describe('an inventory script', () => {
  it('gives groups, and variables of hosts in _meta', async () => {
    const meta = '"_meta": {"hostvars": {"a": {"v": 1.0}}}';
    const inventory = await load({
      inv: script(`{"g": {"hosts": ["a"], "children": ["k"], "vars": {"w": 2}}, ${meta}}`),
    });

    expect(inventoryGraph(inventory)).toBe('@all:\n  |--@ungrouped:\n  |--@g:\n  |  |--@k:\n  |  |--a');
    expect(inventoryHost(inventory, 'a')).toBe('{\n    "v": 1.0,\n    "w": 2\n}');
  });

  it('is asked for each host where there is no _meta', async () => {
    const inventory = await load({ inv: script('{"g": ["a", "b"]}', '{"v": 5}') });

    expect(JSON.parse(inventoryHost(inventory, 'b'))).toEqual({ v: 5 });
  });

  it.each([
    ['fails', '#!/bin/sh\necho broken >&2; exit 3\n', 'ended with status 3: broken'],
    ['prints nothing', '#!/bin/sh\n', 'printed nothing'],
    ['prints no JSON', '#!/bin/sh\necho hello\n', 'printed what is not JSON: hello'],
    ['prints a list', '#!/bin/sh\necho "[]"\n', 'printed a list'],
    ['does not end', '#!/bin/sh\nsleep 600 & wait\n', 'did not end within 0.3 seconds'],
    ['is no program', '#!/nonexistent\n', 'cannot be run'],
  ])('that %s is a mistake', async (_, text, message) => {
    const act = () => load({ inv: text }, ['inv'], { scriptTimeoutMs: text.includes('sleep') ? 300 : 30_000 });

    await expect(act()).rejects.toThrow(message);
    expect(await mistakesOf(act)).toEqual(['InventoryScript']);
  });

  it('has its mistakes told by their places in what it prints', async () => {
    const found = await mistakesOf(() => load({ inv: script('{"g": {"hosts": "a"},\n "h": [1]}') }));

    expect(found.map((one) => one.replace(/ \S*\/inv --list/, ' LIST'))).toEqual([
      'BadInventory LIST:1:17',
      'BadInventory LIST:2:8',
    ]);
  });

  it('that cannot be executed is a mistake, unless it reads as text', async () => {
    const files = { script: '#!/bin/sh\nexit 1\n', text: '#!/usr/bin/env ansible-inventory -i\nh\n' };
    const cwd = folderWith(files);
    for (const name of Object.keys(files)) chmodSync(join(cwd, name), 0o644);

    expect(await mistakesOf(() => loadInventory(['script'], { cwd }))).toEqual(['InventoryScript script:1:1']);
    expect([...(await loadInventory(['text'], { cwd })).hosts.keys()]).toEqual(['h']);
  });
});
