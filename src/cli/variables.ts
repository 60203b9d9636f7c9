import { dirname } from 'node:path';
import type { HostVariables } from '../engine/variables.ts';
import { type Inventory, inventoryVariables } from '../inventory/index.ts';
import type { Play } from '../playbook/types.ts';
import type { Level } from '../template/index.ts';

/**
 * What the inventory says of each host, and Ansible's magic variables. `above` gives what is stronger than the inventory,
 * for those who look at a host through `hostvars`.
 */
export function hostVariables(
  inventory: Inventory,
  hostsOf: (play: Play) => readonly string[],
  check: boolean,
  above: (host: string) => readonly Level[],
): (name: string, play: Play) => HostVariables {
  const variablesOf = inventoryVariables(inventory, above);
  return (name, play) => {
    const { magic, ...written } = variablesOf(name);
    const members = hostsOf(play);
    const ofPlay: readonly [string, unknown][] = [
      ['play_hosts', members],
      ['ansible_play_batch', members],
      ['ansible_play_hosts', members],
      ['ansible_play_hosts_all', members],
      ['ansible_play_name', play.name],
      ['playbook_dir', dirname(play.at.file)],
      ['kvmplay_check_mode', check],
      ['ansible_check_mode', check],
    ];
    return { ...written, magic: new Map([...magic, ...ofPlay]) };
  };
}
