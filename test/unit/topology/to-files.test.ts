import { expect, it } from 'vitest';
import { buildTopology, topologyJson, topologyProbes } from '../../../src/topology/index.ts';
import { topologyFiles } from '../../../src/topology/to-files.ts';
import { captures, topologyAt } from '../../support/captures.ts';
import { machine } from '../../support/machines.ts';
import { see } from '../../support/see.ts';

const machines = [
  ...captures().map(({ name, root }) => ({ name, topology: topologyAt(root) })),
  { name: 'two nodes', topology: machine({ nodes: 2, llcs: 2, cores: 2, threads: 2, hugepages: { 2048: 8 } }) },
];
const NOT_TOLD = { hostname: null, model: null, nics: [], disks: [], interrupts: [], reserve: null };

it.each(machines)('a topology as files is read as the same topology: $name', ({ topology }) => {
  const again = buildTopology(see(topologyFiles(topology), topologyProbes()));

  expect(topologyJson(again)).toEqual({ ...topologyJson(topology), ...NOT_TOLD });
});
