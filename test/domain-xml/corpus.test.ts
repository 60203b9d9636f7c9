import { describe, expect, it } from 'vitest';
import { cpu_model } from '../../modules/cpu_model.ts';
import { cpu_pin } from '../../modules/cpu_pin.ts';
import { disk_cache } from '../../modules/disk_cache.ts';
import { domain_xml } from '../../modules/domain_xml.ts';
import { iothreads } from '../../modules/iothreads.ts';
import { memory_backing } from '../../modules/memory_backing.ts';
import { numatune } from '../../modules/numatune.ts';
import { vcpu_topology } from '../../modules/vcpu_topology.ts';
import { vhost_net } from '../../modules/vhost_net.ts';
import { type Module, type Plan, Problem, Seen, text } from '../../src/contract/index.ts';
import { editXml } from '../../src/domain-xml/edit.ts';
import { editsOf, isAsAsked, tell } from '../../src/domain-xml/field.ts';
import { sameMeaning } from '../../src/domain-xml/meaning.ts';
import { mergeFields } from '../../src/domain-xml/merge.ts';
import { parseDomain, parseXml } from '../../src/domain-xml/parse.ts';
import { corpus, writtenAndKept } from './corpus.ts';
import { lookAt } from './other-look.ts';

const samples = corpus();

/** Each module that works on guests, with uses of it that have something to do to nearly every file, and what it may touch. */
const USES: readonly { module: Module; owned: readonly string[]; params: readonly Record<string, unknown>[] }[] = [
  {
    module: disk_cache,
    owned: ['devices/disk/driver'],
    params: [
      { cache: 'none', io: 'native', discard: 'unmap', detect_zeroes: 'unmap' },
      { cache: 'unsafe', io: 'threads' },
      { cache: 'default', io: 'default', discard: 'default', detect_zeroes: 'default', iothread: 'none' },
      { bus: 'virtio', queues: 4 },
    ],
  },
  {
    module: cpu_pin,
    owned: ['cputune', 'vcpu'],
    params: [{ vcpus: { 0: '1' }, emulator: '0-3,^2' }, { cpuset: '5' }, { emulator: '7' }],
  },
  {
    module: cpu_model,
    owned: ['cpu'],
    params: [{ mode: 'host-passthrough' }, { mode: 'custom', model: 'Haswell', features: { svm: 'disable' } }],
  },
  { module: numatune, owned: ['numatune'], params: [{ mode: 'interleave', nodeset: '0-1' }] },
  {
    module: domain_xml,
    owned: ['clock', 'title'],
    params: [{ set: [{ path: 'title', value: 'a & b' }], remove: ['clock'] }],
  },
  { module: iothreads, owned: ['iothreads', 'iothreadids', 'cputune'], params: [{ count: 3 }] },
  {
    module: memory_backing,
    owned: ['memoryBacking', 'memtune'],
    params: [
      { hugepages: '2M', nosharepages: true },
      { hugepages: false, source: 'memfd', access: 'shared', hard_limit: '4G', locked: true },
    ],
  },
  { module: vcpu_topology, owned: ['vcpu', 'cpu', 'cputune'], params: [{ layout: 'sockets' }] },
  {
    module: vhost_net,
    owned: ['devices/interface/driver'],
    params: [{ queues: 4 }, { packed: 'on', rx_queue_size: 512 }],
  },
];

/** What libvirt itself says in other words or figures, and a guest's owner should, too: two rules for one thing, sizes that do not fit. */
const REWRITTEN = [
  'boot-menu-disable-with-timeout.xml',
  'cputune-iothreadsched.xml',
  'hostdev-scsi-lsi.xml',
  'mach-virt-serial-compat.xml',
  'memory-hotplug-nvdimm-ppc64-abi-update.xml',
  'memory-hotplug-ppc64-nonuma-abi-update.xml',
  'metadata-duplicate.xml',
  'riscv64-virt-headless.riscv64-latest.xml',
];

function planOn(module: Module, params: unknown, xml: string): Plan | Problem {
  const reading = { is: 'files', files: { 'guest/config': text(xml) } } as const;
  const names = Object.entries(module.reads(params, new Seen(new Map())));
  const seen = new Seen(
    new Map(
      names.map(([name, probe]) => [name, { probe, reading: probe.kind === 'domains' ? reading : { is: 'absent' } }]),
    ),
  );
  try {
    return module.plan(params, seen);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const after = (plan: Plan): string | undefined => {
  const reading = plan.changes[0]?.after;
  return reading?.is === 'text' ? reading.text : undefined;
};

/** A text without its tags of the owned elements' names, and what is in them, and without the lines that then are empty. */
const without = (xml: string, owned: readonly string[]): string =>
  owned
    .map((path) => path.slice(path.lastIndexOf('/') + 1))
    .reduce((all, name) => all.replaceAll(new RegExp(`<${name}\\b([^>]*/>|[^]*?</${name}>)`, 'g'), ''), xml)
    .replaceAll(/\n\s*(?=\n)/g, '');

describe.skipIf(samples.length === 0)("libvirt's own test files", () => {
  it('come back byte for byte when nothing is asked for', () => {
    for (const { name, text: source } of samples) expect(editXml(parseXml(source), []), name).toBe(source);
  });

  it('mean what they mean, and nothing else means the same', () => {
    for (const { name, text: source } of samples) {
      const xml = parseDomain(source);
      const other = editXml(xml, [{ at: xml.root, path: 'title', value: 'another title' }]);

      expect(sameMeaning(xml, parseXml(source)), name).toBe(true);
      expect(sameMeaning(xml, parseXml(other)), name).toBe(false);
    }
  });

  it('of what a user wrote, say all that they say once libvirt has made its own of it', () => {
    const pairs = writtenAndKept(samples);
    const drift = pairs.flatMap(({ name, written, kept }) => {
      const fields = mergeFields(parseXml(kept).root, parseXml(written).root).filter((field) => !isAsAsked(field));
      return fields.length > 0 ? [name] : [];
    });

    expect(pairs.length).toBeGreaterThan(100);
    expect(drift).toEqual(REWRITTEN);
  });

  it('become what a user wrote of another guest, and then are as asked', () => {
    const [base] = samples.filter(({ name }) => name === 'qemuxml2argvdata/balloon-device.xml');
    for (const { name, text: source } of samples.filter((one) => one.name.startsWith('qemuxml2argvdata/'))) {
      const wanted = parseXml(source).root;
      const guest = parseXml(base?.text ?? '');
      const edited = parseXml(editXml(guest, mergeFields(guest.root, wanted).flatMap(editsOf)));

      expect(
        mergeFields(edited.root, wanted)
          .filter((field) => !isAsAsked(field))
          .map(tell),
        name,
      ).toEqual([]);
    }
  });

  describe.each(USES)('$module.name', ({ module, owned, params }) => {
    it.each(params)('%j touches what it owns alone, and a second time nothing', (given) => {
      const asked = module.params.parse({ guests: 'all', ...given });
      let changed = 0;
      for (const { name, text: source } of samples) {
        const plan = planOn(module, asked, source);
        if (plan instanceof Problem) continue;
        const edited = after(plan);
        if (edited === undefined) continue;
        changed++;

        expect(lookAt(edited, owned), name).toEqual(lookAt(source, owned));
        expect(without(edited, owned), name).toBe(without(source, owned));
        expect(planOn(module, asked, edited), name).toMatchObject({ changes: [] });
        expect(sameMeaning(parseXml(source), parseXml(edited)), name).toBe(false);
      }
      // Few of the files have disks with options, or virtio interfaces.
      const few = given.cache === 'default' || given.bus || module === vhost_net;
      expect(changed).toBeGreaterThan(few ? 15 : 100);
    });
  });
});
