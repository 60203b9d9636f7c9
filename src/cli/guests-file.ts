import type { CpuSet } from '../contract/index.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { child, describeNode, type Node, toData } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { parseYaml } from '../source/yaml.ts';
import type { Guest, Topology } from '../topology/index.ts';
import { guestOf, guestSchema } from '../topology/placement/guest-schema.ts';

export interface GuestsFile {
  readonly guests: readonly Guest[];
  /** Where each is described, by name. */
  readonly nodes: ReadonlyMap<string, Node>;
}

/** The guests that a file lists. Throws `UserError` with every mistake in it. */
export function readGuests(file: string): GuestsFile {
  const node = parseYaml(readText(file), file);
  if (node.kind !== 'list')
    throw new UserError([
      mistake('BadGuests', `expected a list of guests, not ${describeNode(node)}`, node.at, 'begin with `- name: …`'),
    ]);
  const wrong: Diagnostic[] = [];
  const nodes = new Map<string, Node>();
  const guests = node.items.flatMap((item): Guest[] => {
    const parsed = guestSchema.safeParse(toData(item));
    if (!parsed.success) {
      wrong.push(...zodDiagnostics(parsed.error, item, guestSchema));
      return [];
    }
    const guest = guestOf(parsed.data);
    wrong.push(...contradictions(guest, item, nodes));
    nodes.set(guest.name, item);
    return [guest];
  });
  if (wrong.length > 0) throw new UserError(wrong);
  return { guests, nodes };
}

function contradictions(guest: Guest, item: Node, before: ReadonlyMap<string, Node>): Diagnostic[] {
  const wrong: Diagnostic[] = [];
  const first = before.get(guest.name);
  if (first)
    wrong.push(
      mistake(
        'DuplicateGuest',
        `the guest ${guest.name} is listed in line ${first.at.line} already`,
        item.at,
        'give each guest a name of its own',
      ),
    );
  for (const vcpu of guest.current.keys())
    if (vcpu >= guest.vcpus)
      wrong.push(
        mistake(
          'NoSuchVcpu',
          `${guest.name} has ${guest.vcpus === 1 ? '1 vCPU, number 0' : `${guest.vcpus} vCPUs, numbered from 0`}: there is no vCPU ${vcpu} to be pinned`,
          pinAt(item, vcpu),
        ),
      );
  if (guest.frozen && guest.current.size === 0)
    wrong.push(
      mistake('NowhereToStay', `${guest.name} is frozen, and not said where: \`current\` is missing`, item.at),
    );
  return wrong;
}

/** Pins to CPUs that the host has not. */
export function strangePins({ guests, nodes }: GuestsFile, { cpus: { online, offline } }: Topology): Diagnostic[] {
  const strangeIn = (pin: CpuSet) => pin.find((cpu) => !online.includes(cpu) && !offline.includes(cpu));
  return guests.flatMap(({ name, current, currentEmulator = [] }) => {
    const item = nodes.get(name);
    const strange = [...current].map(([vcpu, pin]) => ({
      what: `vCPU ${vcpu} of ${name} is`,
      cpu: strangeIn(pin),
      at: item && pinAt(item, vcpu),
    }));
    const emulator = {
      what: `the emulator of ${name} is`,
      cpu: strangeIn(currentEmulator),
      at: item && (child(item, 'current_emulator') ?? item).at,
    };
    return [...strange, emulator]
      .filter(({ cpu }) => cpu !== undefined)
      .map(({ what, cpu, at }) =>
        mistake('NoSuchCpu', `${what} said to be on CPU ${cpu}, which this host has not`, at),
      );
  });
}

function pinAt(item: Node, vcpu: number): Position {
  const current = child(item, 'current');
  return ((current && child(current, String(vcpu))) ?? current ?? item).at;
}
