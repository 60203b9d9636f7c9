export { buildTopology } from './build.ts';
export { topologyJson } from './json.ts';
export type * from './model.ts';
export { placementJson } from './placement/json.ts';
export { planPlacement } from './placement/plan.ts';
export { autoReserve } from './placement/reserve.ts';
export type { Cost, Guest, GuestPlace, Placement, PlacementOptions } from './placement/types.ts';
export { deviceProbes, topologyProbes } from './probes.ts';
export { nodesApart, type Part, partsOf, privateCaches } from './tree.ts';
