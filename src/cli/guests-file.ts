import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { describeNode, type Node, toData } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { parseYaml } from '../source/yaml.ts';
import type { Guest, Topology } from '../topology/index.ts';
import { guestOf, guestSchema } from '../topology/placement/guest-schema.ts';

export interface GuestsFile {
  readonly guests: readonly Guest[];
  /** By name. */
  readonly at: ReadonlyMap<string, Position>;
}

/** The guests that a file lists. Throws `UserError` with every mistake in it. */
export function readGuests(file: string): GuestsFile {
  const node = parseYaml(readText(file), file);
  if (node.kind !== 'list')
    throw new UserError([
      mistake('BadGuests', `expected a list of guests, not ${describeNode(node)}`, node.at, 'begin with `- name: …`'),
    ]);
  const wrong: Diagnostic[] = [];
  const at = new Map<string, Position>();
  const guests = node.items.flatMap((item): Guest[] => {
    const parsed = guestSchema.safeParse(toData(item));
    if (!parsed.success) {
      wrong.push(...zodDiagnostics(parsed.error, item, guestSchema));
      return [];
    }
    const guest = guestOf(parsed.data);
    wrong.push(...contradictions(guest, item, at));
    at.set(guest.name, item.at);
    return [guest];
  });
  if (wrong.length > 0) throw new UserError(wrong);
  return { guests, at };
}

function contradictions(guest: Guest, item: Node, before: ReadonlyMap<string, Position>): Diagnostic[] {
  const wrong: Diagnostic[] = [];
  const first = before.get(guest.name);
  if (first)
    wrong.push(
      mistake(
        'DuplicateGuest',
        `the guest ${guest.name} is listed in line ${first.line} already`,
        item.at,
        'give each guest a name of its own',
      ),
    );
  const beyond = [...guest.current.keys()].filter((vcpu) => vcpu >= guest.vcpus);
  if (beyond.length > 0)
    wrong.push(
      mistake(
        'NoSuchVcpu',
        `${guest.name} has ${guest.vcpus} vCPUs, numbered from 0: there is no vCPU ${beyond.join(', ')} to be pinned`,
        item.at,
      ),
    );
  if (guest.frozen && guest.current.size === 0)
    wrong.push(
      mistake('NowhereToStay', `${guest.name} is frozen, and not said where: \`current\` is missing`, item.at),
    );
  return wrong;
}

/** Pins to CPUs that the host has not. */
export function strangePins({ guests, at }: GuestsFile, { cpus: { online, offline } }: Topology): Diagnostic[] {
  return guests.flatMap(({ name, current }) => {
    const strange = [...current.values()].flat().filter((cpu) => !online.includes(cpu) && !offline.includes(cpu));
    if (strange.length === 0) return [];
    return [mistake('NoSuchCpu', `${name} is said to be on CPU ${strange[0]}, which this host has not`, at.get(name))];
  });
}
