import { describe, expect, it } from 'vitest';
import { controlNames } from '../../src/engine/control.ts';
import { documentedControls } from '../../src/engine/control-reference.ts';
import { NOBODY } from '../../src/engine/operator.ts';
import { printYaml } from '../../src/source/print-yaml.ts';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';

describe('the reference of tasks that touch no host', () => {
  it('has every one that is written in playbooks', () => {
    const written = controlNames().filter((name) => name !== 'validate_argument_spec');

    expect(documentedControls().map(({ name }) => name)).toEqual([...written, 'meta'].toSorted());
  });

  it.each(
    documentedControls().flatMap(({ name, examples }) =>
      examples.map(({ title, params }) => ({ name, title, params })),
    ),
  )('$name: $title', async ({ name, title, params }) => {
    const hosts = { h1: fakeHost({ files: { '/proc/meminfo': 'MemTotal: 16777216 kB\nMemFree: 16000000 kB\n' } }) };
    const operator = { ...NOBODY, verbosity: 2, ask: async () => '' };
    const tasks = [{ name: title, [name]: params }];

    const { results } = await play(printYaml([{ hosts: 'all', tasks }]), {
      hosts,
      operator,
      vars: { h1: { group_names: ['kvm'], play_hosts: ['h1'] } },
    });

    const wanted = name === 'meta' ? [] : [name === 'fail' ? 'failed' : 'ok'];
    expect(results.map(({ status }) => status)).toEqual(wanted);
    if (name === 'fail') expect(results[0]?.error?.code).toBe('Failed');
  });
});
