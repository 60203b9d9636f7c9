import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMachine } from '../../src/lab/machine.ts';
import { layoutOf, layTree } from '../../src/lab/tree.ts';
import { makeSite } from './site.ts';

const examples = readdirSync('playbooks').filter((name) => name.endsWith('.yml'));

describe.each(examples)('the example playbooks/%s', (name) => {
  it('runs on a captured machine, changes nothing when it runs again, and is all that check mode foretold', () => {
    const { folder, kvmplay } = makeSite([]);
    layTree(join(folder, 'hv'), layoutOf(loadMachine('debian12-2s2n')));
    const where = ['-i', `hv,`, '-e', `ansible_connection=local kvmplay_root=${folder}/hv ansible_become=false`];
    const run = (...flags: string[]) => {
      const { status, out, err } = kvmplay(
        'run',
        join(process.cwd(), 'playbooks', name),
        ...where,
        '--output',
        'json',
        ...flags,
      );
      const { tasks, exit_code } = JSON.parse(out);
      const targets = tasks.flatMap((task: Task) =>
        task.results.flatMap(({ changes }) => changes.map((one) => one.target)),
      );
      return { status, err, exit_code, targets };
    };

    const check = run('--check');
    const made = run();
    const again = run();

    expect([made.status, made.err]).toEqual([0, '']);
    expect(made.targets.length).toBeGreaterThan(0);
    expect(check.targets).toEqual(made.targets);
    expect(again.targets).toEqual([]);
  });
});

interface Task {
  readonly results: readonly { readonly changes: readonly { readonly target: string }[] }[];
}
