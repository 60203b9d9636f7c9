export type { Compared } from './compare.ts';
export { compare } from './compare.ts';
export { measure } from './measure.ts';
export type * from './model.ts';
export { guestProbes, memoryProbes, pidsOf, sampleProbes, vhostOf } from './probes.ts';
