/** All that other parts use of inventories. */
export type { OpenVault } from './file-text.ts';
export { type InventoryVariables, inventoryVariables } from './host-variables.ts';
export { type Layer, layersOf, merged } from './layers.ts';
export { limitPatterns } from './limit.ts';
export { hostsMatching } from './list-hosts.ts';
export { type LoadOptions, loadInventory } from './load.ts';
export { inventoryGraph, inventoryHost, inventoryList, type OutputOptions } from './output.ts';
export { hostsOf, type Selection, select } from './patterns.ts';
export { groupsOf } from './roster.ts';
export type { Group, Host, Inventory, VariableFolder, Variables } from './types.ts';
