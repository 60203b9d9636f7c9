import {
  type CpuSet,
  cpuSet,
  intersectionOf,
  isWithin,
  Problem,
  parseCpuSet,
  parseKib,
  type Seen,
} from '../contract/index.ts';
import { attributeOf, childOf, childrenOf, type Element, ioThreadsOf, vcpusOf } from '../domain-xml/index.ts';
import { parseXml, XmlMistake } from '../domain-xml/parse.ts';
import type { RunningGuest, Topology } from './model.ts';

/**
 * Guests that run, out of the state that libvirt's QEMU driver keeps of each, by name. Throws `Problem` BadGuestState for what is no XML.
 * Source: qemuDomainObjPrivateXMLFormat in libvirt's src/qemu/qemu_domain.c.
 */
export function readGuests(seen: Seen, { cpus }: Topology): RunningGuest[] {
  const slice = [...seen.files('topology.guests_cpus').values()].map(parseCpuSet)[0] ?? [];
  const anywhere = slice.length > 0 ? intersectionOf(slice, cpus.online) : cpus.online;
  const found = [...seen.files('topology.guests')].flatMap(([path, text]) => {
    const status = rootOf(path, text);
    const domain = childOf(status, 'domain');
    return domain ? [guestOf(status, domain, anywhere, cpus.online)] : [];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function rootOf(path: string, text: string): Element {
  try {
    return parseXml(text).root;
  } catch (error) {
    if (!(error instanceof XmlMistake)) throw error;
    throw new Problem('BadGuestState', `${path}:${error.line}:${error.column}: ${error.message}`);
  }
}

function guestOf(status: Element, domain: Element, anywhere: CpuSet, online: CpuSet): RunningGuest {
  const tune = childOf(domain, 'cputune');
  const pins = (name: string, id: string) =>
    new Map(
      (tune ? childrenOf(tune, name) : []).map((pin) => [
        Number(attributeOf(pin, id)),
        parseCpuSet(attributeOf(pin, 'cpuset') ?? ''),
      ]),
    );
  const [vcpuPins, ioPins] = [pins('vcpupin', 'vcpu'), pins('iothreadpin', 'iothread')];
  const otherwise = placed(status, domain) ?? anywhere;
  const emulator = attributeOf(childOf(tune, 'emulatorpin') ?? domain, 'cpuset');
  const memory = childOf(domain, 'memory');
  return {
    name: childOf(domain, 'name')?.text.trim() ?? '',
    memoryKib: memory ? kibOf(memory) : 0,
    vcpus: vcpuIds(status, domain).map((vcpu) => {
      const own = vcpuPins.get(vcpu);
      const allowed = own ?? otherwise;
      // libvirt writes a pin to every CPU where a pin was taken away.
      return { vcpu, cpus: allowed, pinned: !isWithin(online, allowed) };
    }),
    emulator: emulator === undefined ? otherwise : parseCpuSet(emulator),
    iothreads: ioThreadsOf(domain).map((iothread) => ({ iothread, cpus: ioPins.get(iothread) ?? otherwise })),
    memoryNodes: memoryNodes(status, domain),
    hugepages: childOf(childOf(domain, 'memoryBacking'), 'hugepages') !== undefined,
  };
}

/** Where threads without a pin of their own may run: what `<vcpu cpuset>` says, or numad said when the guest was started. */
function placed(status: Element, domain: Element): CpuSet | undefined {
  const vcpu = childOf(domain, 'vcpu');
  const list = vcpu && attributeOf(vcpu, 'cpuset');
  const numad = childOf(status, 'numad');
  const advised = numad && attributeOf(numad, 'cpuset');
  const told = list ?? advised;
  return told === undefined ? undefined : parseCpuSet(told);
}

/** Those that are plugged in: each has a thread. */
function vcpuIds(status: Element, domain: Element): CpuSet {
  const vcpus = childOf(status, 'vcpus');
  const threads = vcpus ? childrenOf(vcpus, 'vcpu').map((one) => Number(attributeOf(one, 'id'))) : [];
  return threads.length > 0 ? cpuSet(threads) : Array.from({ length: vcpusOf(domain) }, (_, at) => at);
}

function memoryNodes(status: Element, domain: Element): CpuSet | undefined {
  const tune = childOf(domain, 'numatune');
  const numad = childOf(status, 'numad');
  const told = [
    ...(tune ? [...childrenOf(tune, 'memory'), ...childrenOf(tune, 'memnode')] : []).map((one) =>
      attributeOf(one, 'placement') === 'auto' && numad ? attributeOf(numad, 'nodeset') : attributeOf(one, 'nodeset'),
    ),
  ].filter((nodes) => nodes !== undefined);
  return told.length === 0 ? undefined : cpuSet(told.flatMap((nodes) => parseCpuSet(nodes)));
}

/** libvirt counts a running guest's memory in KiB. */
function kibOf(memory: Element): number {
  const unit = attributeOf(memory, 'unit') ?? 'KiB';
  return unit === 'KiB' ? Number(memory.text) : parseKib(`${memory.text.trim()}${unit}`);
}
