import { describe, expect, it } from 'vitest';
import { topologyFromJson } from '../../../src/topology/from-json.ts';
import { topologyJson } from '../../../src/topology/json.ts';
import { captures, topologyAt } from '../../support/captures.ts';
import { machine } from '../../support/machines.ts';

const machines = [
  ...captures().map(({ name, root }) => ({ name, topology: topologyAt(root) })),
  { name: 'two nodes', topology: machine({ nodes: 2, llcs: 2, cores: 2, threads: 2, hugepages: { 2048: 8 } }) },
];
const document = () => topologyJson(machine({ nodes: 1, cores: 2 }));

describe('a topology as JSON', () => {
  it.each(machines)('is read back as it was printed: $name', ({ topology }) => {
    const read = topologyFromJson(JSON.stringify(topologyJson(topology)));

    expect(read).toEqual(topology);
  });

  it.each([
    ['what is no JSON', '{', /no JSON/],
    ['another document', JSON.stringify({ schema: 'kvmplay.placement/1' }), /schema: .*kvmplay.topology\/1/],
    [
      'a list that is none',
      JSON.stringify({ ...document(), cores: [{ cpus: '1-' }] }),
      /cores.0.cpus: "1-" is no list/,
    ],
    [
      'cores that are not online',
      JSON.stringify({ ...document(), cores: [{ cpus: '9' }] }),
      /not those that are online: 9/,
    ],
  ])('is refused with the place where it is wrong: %s', (_, text, why) => {
    expect(() => topologyFromJson(text)).toThrow(why);
  });
});
