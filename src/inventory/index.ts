/** All that other parts use of inventories. */
export type { OpenVault } from './file-text.ts';
export { inventoryVariables } from './host-variables.ts';
export { layersOf, merged, writtenIn } from './layers.ts';
export { limitPatterns } from './limit.ts';
export { hostsMatching } from './list-hosts.ts';
export { type LoadOptions, loadInventory } from './load.ts';
export { inventoryGraph, inventoryHost, inventoryList } from './output.ts';
export { type Selection, select } from './patterns.ts';
export type { Inventory } from './types.ts';
