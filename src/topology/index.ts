export { buildTopology } from './build.ts';
export type * from './model.ts';
export { deviceProbes, topologyProbes } from './probes.ts';
