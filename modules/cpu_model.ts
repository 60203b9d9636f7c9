import { z } from 'zod';
import { Problem } from '../src/contract/index.ts';
import {
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  valueAt,
} from '../src/domain-xml/index.ts';

const POLICIES = ['require', 'disable', 'forbid', 'optional', 'force'] as const;

const params = {
  mode: z
    .enum(['host-passthrough', 'host-model', 'maximum', 'custom'])
    .optional()
    .describe(
      "`host-passthrough`: the host's own CPU, for guests that only migrate between hosts of one kind; `host-model`: the nearest that libvirt has a name for.",
    ),
  model: z
    .string()
    .regex(/^[\w.+-]+$/, 'expected a name that `virsh cpu-models` lists')
    .optional()
    .describe('The model with `mode: custom`, as `virsh cpu-models x86_64` lists them.'),
  check: z
    .enum(['none', 'partial', 'full'])
    .optional()
    .describe('Whether the guest is refused where the host lacks a part of what is asked for.'),
  migratable: z
    .enum(['on', 'off'])
    .optional()
    .describe(
      'With host-passthrough: whether what keeps a guest from being migrated is left out. Default of QEMU: on.',
    ),
  cache: z
    .enum(['passthrough', 'emulate', 'disable', 'default'])
    .optional()
    .describe(
      "Which CPU caches the guest sees: `passthrough` the host's, with `host-passthrough` and vCPUs that are pinned; `emulate` one that is made up.",
    ),
  features: z
    .record(
      z.string().regex(/^[\w.-]+$/, 'expected the name of a CPU feature'),
      z.enum([...POLICIES, 'default'], { error: `expected one of ${POLICIES.join(', ')}, default` }),
    )
    .prefault({})
    .describe('Features by name: `{ topoext: require, hle: disable }`; `default` says nothing of one any more.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

export const cpu_model = defineGuestModule({
  name: 'cpu_model',
  summary: 'Which CPU guests see: its model, features and caches.',
  notes: `
Guests of AMD hosts whose vCPUs are threads of a core (\`vcpu_topology\`) need \`topoext\`. Changing the model is seen by the guest at its next start: licences and
operating systems may take it for another machine. What libvirt makes of \`host-model\` when it starts a guest is no drift.`,
  params,
  asks: ['mode', 'model', 'check', 'migratable', 'cache', 'features'],
  check: wrong,
  owns: ['cpu'],
  wants(given, guest) {
    if (guest.plane === 'config') refuse(given, guest);
    return { fields: fieldsOf(given, guest) };
  },
  examples: [
    {
      title: "The host's own CPU, its caches as they are",
      params: { guests: 'web1', mode: 'host-passthrough', check: 'none', migratable: 'off', cache: 'passthrough' },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'A named model for a fleet of several kinds, with and without a feature',
      params: {
        guests: 'all',
        mode: 'custom',
        model: 'EPYC-Rome',
        check: 'partial',
        features: { topoext: 'require', svm: 'disable' },
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <cpu mode='host-passthrough' check='none' migratable='on'>\n    <topology sockets='1' dies='1' cores='1' threads='2'/>\n  </cpu>",
        ),
      },
    },
    {
      title: 'As libvirt finds it when the guest is started',
      params: { guests: 'all', mode: 'host-model', features: { hle: 'default' } },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <cpu mode='custom' match='exact' check='partial'>\n    <model fallback='forbid'>Haswell</model>\n    <feature policy='disable' name='hle'/>\n  </cpu>",
        ),
      },
    },
  ],
});

/** Source: libvirt's domain XML, "CPU model and topology". */
function wrong({ mode, model, migratable, cache }: Params): string | undefined {
  if ((mode === 'custom') !== (model !== undefined))
    return model === undefined ? 'mode custom needs a `model`' : '`model` goes with `mode: custom`';
  if (migratable !== undefined && mode !== undefined && mode !== 'host-passthrough' && mode !== 'maximum')
    return '`migratable` goes with `mode: host-passthrough` or `maximum`';
  if (cache === 'passthrough' && mode !== undefined && mode !== 'host-passthrough' && mode !== 'maximum')
    return "the host's caches are passed through with `mode: host-passthrough` only";
  return undefined;
}

/** What libvirt would not define. */
function refuse(given: Params, { name, domain }: Guest): void {
  const { mode, features, check, migratable } = given;
  const then = mode ?? valueAt(domain, 'cpu/@mode') ?? 'custom';
  const asks = Object.values(features).some((policy) => policy !== 'default');
  if ((asks || check !== undefined) && mode === undefined && then === 'custom' && !valueAt(domain, 'cpu/model'))
    throw new Problem(
      'NoCpuModel',
      `${name}: ${asks ? 'features need' : '`check` needs'} a CPU model, and it has none`,
      'give `mode: host-passthrough`, or another',
    );
  if (then === 'host-passthrough' || then === 'maximum') return;
  if (migratable !== undefined)
    throw new Problem(
      'NotHostsCpu',
      `${name}: \`migratable\` goes with host-passthrough or maximum, and its CPU is ${then}`,
      'give `mode: host-passthrough`, or leave migratable out',
    );
  if ((given.cache ?? valueAt(domain, 'cpu/cache/@mode')) === 'passthrough')
    throw new Problem(
      'NotHostsCpu',
      `${name}: the host's caches are passed through with host-passthrough or maximum only, and its CPU is ${mode === undefined ? '' : 'to be '}${then}`,
      given.cache === undefined ? 'give `cache: default`, too' : 'give `mode: host-passthrough`, too',
    );
}

function fieldsOf(given: Params, { plane, domain }: Guest): Field[] {
  const cpu = childOf(domain, 'cpu');
  const field = (label: string, path: string, value: string | null, absent?: string): Field => ({
    label,
    at: domain,
    path: `cpu/${path}`,
    value,
    ...(absent !== undefined && { absent }),
  });
  const fields: Field[] = [];
  const { mode, model, check, migratable, cache } = given;
  if (mode !== undefined && !(plane === 'live' && isExpanded(mode, cpu))) {
    fields.push(field('CPU mode', '@mode', mode, 'custom'));
    fields.push(model === undefined ? field('CPU model', 'model', null) : field('CPU model', 'model', model));
    if (mode !== 'custom') fields.push(field('CPU vendor', 'vendor', null), field('CPU match', '@match', null));
    if (mode !== 'host-passthrough' && mode !== 'maximum') fields.push(field('CPU migratable', '@migratable', null));
    const now = cpu && valueAt(cpu, '@mode');
    // It was said of the other mode.
    if (check === undefined && now !== undefined && now !== mode) fields.push(field('CPU check', '@check', null));
  }
  if (check !== undefined && !(plane === 'live' && isExpanded(mode, cpu)))
    fields.push(field('CPU check', '@check', check));
  if (migratable !== undefined) fields.push(field('CPU migratable', '@migratable', migratable));
  if (cache !== undefined) fields.push(...cacheFields(cache, cpu, field));
  for (const [name, policy] of Object.entries(given.features)) {
    const path = `feature[name=${name}]`;
    const now = cpu && valueAt(cpu, `${path}/@policy`);
    if (policy !== 'default') fields.push(field(`CPU feature ${name}`, `${path}/@policy`, policy, 'default'));
    else if (now !== undefined && plane === 'config')
      fields.push({ ...field(`CPU feature ${name}`, path, null), told: `CPU feature ${name}: ${now} → default` });
  }
  return fields;
}

/** A running guest's `host-model` reads as what libvirt has made of it, which names the vendor as well. */
function isExpanded(mode: Params['mode'], cpu: Element | undefined): boolean {
  return (
    mode === 'host-model' &&
    cpu !== undefined &&
    valueAt(cpu, '@mode') === 'custom' &&
    valueAt(cpu, '@check') === 'full' &&
    valueAt(cpu, 'vendor') !== undefined
  );
}

type MakeField = (label: string, path: string, value: string | null, absent?: string) => Field;

/** What is emulated is the third level unless it says another one, which only `emulate` may. */
function cacheFields(cache: NonNullable<Params['cache']>, cpu: Element | undefined, field: MakeField): Field[] {
  if (cache === 'default') {
    return (cpu ? childrenOf(cpu, 'cache') : []).map((at) => ({
      label: 'CPU cache',
      at,
      path: '',
      value: null,
      told: 'no CPU cache',
    }));
  }
  const mode = field('CPU cache', 'cache/@mode', cache, 'default');
  return cache === 'emulate' ? [mode] : [mode, field('CPU cache level', 'cache/@level', null)];
}
