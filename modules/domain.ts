import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import {
  type Action,
  type Change,
  defineModule,
  type GuestXml,
  guestProbe,
  guestProbes,
  guestsOf,
  link,
  noGuestsHere,
  type Plan,
  type Probe,
  Problem,
  planOf,
  type Seen,
  type Source,
  text,
} from '../src/contract/index.ts';
import {
  exampleGuest,
  mergeFields,
  parseGuest,
  planGuest,
  says,
  valueAt,
  XmlMistake,
} from '../src/domain-xml/index.ts';

const STATES = ['defined', 'running', 'shutdown', 'destroyed', 'undefined'] as const;

const Params = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^/\n]+$/, 'expected the name of a guest')
      .describe('The guest. `<name>` in its XML says the same, or nothing.'),
    xml: z
      .string()
      .optional()
      .describe('What the guest is to be: the XML of a domain. Without, only its state and autostart are set.'),
    template: z
      .string()
      .endsWith('.hbs', 'a template is a file `NAME.xml.hbs`')
      .optional()
      .describe('The same as a template, looked for in `templates/`. What `{{ }}` prints is made safe for XML.'),
    state: z
      .enum(STATES)
      .prefault('defined')
      .describe(
        '`defined`: there, running or not. `shutdown` asks the guest and waits for it; `destroyed` pulls its plug. `undefined`: gone, its disks are kept.',
      ),
    autostart: flag().optional().describe('Whether it is started when the host is.'),
    timeout: z.int().min(1).max(3600).prefault(120).describe('Seconds that a guest is given to shut down.'),
    confirm: z
      .string()
      .optional()
      .describe("With `state: undefined`: the guest's name once more, so that nothing but a person's word removes it."),
    nvram: z
      .enum(['keep', 'remove'])
      .prefault('keep')
      .describe("With `state: undefined`: what becomes of the variables of the guest's UEFI."),
  })
  .superRefine(({ name, xml, template, state, confirm }, context) => {
    const say = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (state === 'undefined' && confirm !== name)
      say('confirm', `removing a guest takes its name once more: \`confirm: ${name}\``);
    if (xml !== undefined && template !== undefined) say('template', 'say `xml` or `template`, not both');
    if (state === 'undefined' && (xml ?? template) !== undefined) say('state', 'a guest that is to be gone has no XML');
    const why = xml === undefined ? undefined : wrongIn(xml, name);
    if (why !== undefined) say('xml', why);
  });
type Params = z.infer<typeof Params> & { readonly source?: Source };

/** What is wrong with the description of a guest; undefined where nothing is. */
function wrongIn(xml: string, name: string): string | undefined {
  try {
    const said = valueAt(parseGuest(name, xml).root, 'name');
    return said === undefined || said === name ? undefined : `its <name> is ${said}, and the task says ${name}`;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

/** What the guest is to be, by whichever parameter. */
const wantedBy = ({ xml, source }: Params): string | undefined =>
  xml ?? (typeof source?.content === 'string' ? source.content : undefined);

const AUTOSTART = (name: string): Probe => link(`/etc/libvirt/qemu/autostart/${name}.xml`);

const virsh = (...argv: readonly string[]): Action => ({
  do: 'exec',
  argv: ['virsh', '-q', '-c', 'qemu:///system', ...argv],
});

/** Asks, and waits until it is off: $1 the guest, $2 seconds. */
const SHUT_DOWN = `virsh -q -c qemu:///system shutdown "$1" || exit
end=$(($(date +%s) + $2))
while state=$(LC_ALL=C virsh -q -c qemu:///system domstate "$1") && [ "$state" != 'shut off' ]; do
  [ "$(date +%s)" -lt "$end" ] || { echo "it is still $state after $2 s" >&2; exit 124; }
  sleep 1
done`;

export const domain = defineModule({
  name: 'domain',
  summary: 'Define a guest from a template or XML, start it, shut it down, remove it.',
  notes: `
A guest that is there is changed so that it says all that the XML says: its UUID, its MAC addresses, its devices' addresses, and what other modules have set (pins, caches, backing) stay. Disks, interfaces and the
like that the XML does not name are taken out. What libvirt adds by itself is no difference. Never is a guest left as it was without a word: what it will only have when it is
started again is told as pending.

\`virsh reboot\` applies nothing of it: \`shutdown\`, then \`running\`.`,
  params: Params,
  source: { param: 'template', folder: 'templates', wrong: (text, params) => wrongIn(text, (params as Params).name) },
  reads: ({ name, autostart }) => ({ ...guestProbes, ...(autostart !== undefined && { autostart: AUTOSTART(name) }) }),
  plan(params: Params, seen) {
    const wanted = wantedBy(params);
    const all = guestsOf(seen);
    if (!all) throw new Problem('NoVirsh', noGuestsHere(seen), 'install and start libvirt first');
    const guest = all.get(params.name);
    if (params.state === 'undefined') return planOf(guest ? remove(params, guest) : []);
    if (!guest && wanted === undefined)
      throw new Problem(
        'NoSuchGuest',
        `there is no guest "${params.name}" on this host`,
        'say what it is to be: `xml`',
      );
    const definition = wanted === undefined ? planOf([]) : define(params, wanted, guest);
    return planOf(
      [...definition.changes, ...setState(params, guest, fullText(guest, definition)), ...setAutostart(params, seen)],
      definition.pending,
      definition.notes,
    );
  },
  same: (_, a, b) => sameGuest(a, b),
  examples: [
    {
      title: 'A guest that is to be there, and run',
      params: {
        name: 'web2',
        xml: exampleGuest('config').replaceAll('web1', 'web2'),
        state: 'running',
        autostart: true,
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config').replace(
          /<uuid>.*<\/uuid>/,
          '<uuid>0a2f7a5e-6d3c-4f0b-9f3e-0b8a7c1d2e3f</uuid>',
        ),
      },
    },
    {
      title: 'More memory, by what is said of it alone',
      params: {
        name: 'web1',
        xml: "<domain type='kvm'><name>web1</name><memory unit='GiB'>2</memory><currentMemory unit='GiB'>2</currentMemory></domain>",
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'From a template of the control node',
      params: { name: 'web1', template: 'guest.xml.hbs' },
      source: "<domain type='kvm'><name>web1</name><vcpu>4</vcpu></domain>",
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
    {
      title: 'Off, and not started with the host',
      params: { name: 'web1', state: 'shutdown', autostart: false, timeout: 300 },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
        '/etc/libvirt/qemu/autostart/web1.xml': { link: '/etc/libvirt/qemu/web1.xml' },
      },
    },
    {
      title: 'Gone, with the variables of its UEFI',
      params: { name: 'web1', state: 'undefined', confirm: 'web1', nvram: 'remove' },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
  ],
});

function define(params: Params, xml: string, guest: GuestXml | undefined) {
  const wanted = parseGuest(params.name, xml).root;
  if (!guest) return planOf([create(params.name, xml, valueAt(wanted, 'name') !== undefined)]);
  const { name } = guest;
  const uuid = valueAt(wanted, 'uuid');
  const now = valueAt(parseGuest(name, guest.config ?? guest.live ?? '').root, 'uuid');
  if (uuid !== undefined && now !== undefined && uuid.toLowerCase() !== now.toLowerCase())
    throw new Problem(
      'AnotherUuid',
      `${name} has the uuid ${now}, and its XML says ${uuid}: libvirt does not change it`,
      'leave <uuid> out to keep the one it has',
    );
  const planes = { live: true, config: true, validate: true } as const;
  return planGuest(({ domain: now }) => ({ fields: mergeFields(now, wanted) }), planes, guest);
}

/** What the guest will be defined as. */
function fullText(guest: GuestXml | undefined, { changes }: Plan): string {
  const after = changes.find(({ plane }) => plane === 'persistent')?.after;
  return after?.is === 'text' ? after.text : (guest?.config ?? '');
}

function create(name: string, xml: string, isNamed: boolean): Change {
  const full = isNamed ? xml : xml.replace(/<domain\b[^>]*>/, (tag) => `${tag}\n  <name>${name}</name>`);
  return {
    target: guestProbe(name, 'config'),
    plane: 'persistent',
    summary: `${name}: none → defined`,
    before: { is: 'absent' },
    after: text(full),
    do: [{ do: 'define', guest: name, xml: full, validate: true }],
    undo: [virsh('undefine', name, '--keep-nvram')],
    impact: 'none',
    hints: { DidNotConverge: 'libvirt took the XML and left out what it would not have: see `virsh dumpxml`' },
  };
}

function setState({ name, state, timeout }: Params, guest: GuestXml | undefined, full: string): Change[] {
  const runs = guest?.live !== undefined;
  const target = guestProbe(name, 'live');
  if (state === 'running' && !runs)
    return [
      {
        target,
        plane: 'live',
        summary: `${name}: shut off → running`,
        before: { is: 'absent' },
        after: text(full),
        do: [virsh('start', name)],
        undo: { impossible: 'a guest that was started has to be shut down by a person or a task' },
        impact: 'none',
      },
    ];
  if ((state !== 'shutdown' && state !== 'destroyed') || !runs || guest === undefined) return [];
  if (guest.config === undefined)
    throw new Problem('Transient', `${name} is not defined: off, it is gone`, 'define it first: `xml`');
  const wait: Action = {
    do: 'exec',
    argv: ['sh', '-c', SHUT_DOWN, 'sh', name, String(timeout)],
    timeout: timeout + 30,
  };
  return [
    {
      target,
      plane: 'live',
      summary: `${name}: running → shut off`,
      before: text(guest.live ?? ''),
      after: { is: 'absent' },
      do: [state === 'shutdown' ? wait : virsh('destroy', name)],
      undo: [virsh('start', name)],
      impact: 'guest-restart',
    },
  ];
}

function setAutostart({ name, autostart }: Params, seen: Seen): Change[] {
  if (autostart === undefined) return [];
  const before = seen.raw('autostart');
  if ((before.is !== 'absent') === autostart) return [];
  const on = virsh('autostart', name);
  const off = virsh('autostart', name, '--disable');
  return [
    {
      target: AUTOSTART(name),
      plane: 'persistent',
      summary: `${name}: autostart ${autostart ? 'off → on' : 'on → off'}`,
      before,
      after: autostart ? text(`/etc/libvirt/qemu/${name}.xml`) : { is: 'absent' },
      do: [autostart ? on : off],
      undo: [autostart ? off : on],
      impact: 'none',
    },
  ];
}

function remove({ name, nvram }: Params, guest: GuestXml): Change[] {
  if (guest.live !== undefined)
    throw new Problem('GuestRuns', `${name} runs: it is not removed`, 'a task with `state: shutdown` before this one');
  return [
    {
      target: guestProbe(name, 'config'),
      plane: 'persistent',
      summary: `${name}: defined → none; its disks are kept`,
      before: text(guest.config ?? ''),
      after: { is: 'absent' },
      // Refused where there are snapshots or a managed save: those are not ours to throw away.
      do: [virsh('undefine', name, nvram === 'keep' ? '--keep-nvram' : '--nvram')],
      undo:
        nvram === 'keep'
          ? [{ do: 'define', guest: name, xml: guest.config ?? '' }]
          : { impossible: 'the variables of its UEFI are gone' },
      impact: 'none',
    },
  ];
}

/** A definition and what libvirt made of it say the same, whichever is which. */
function sameGuest(a: string, b: string): boolean {
  if (!a.trimStart().startsWith('<')) return a.trim() === b.trim();
  try {
    const [one, other] = [parseGuest('', a).root, parseGuest('', b).root];
    return (
      says(one, other) ||
      says(other, one) ||
      [mergeFields(one, other), mergeFields(other, one)].some((fields) => fields.length === 0)
    );
  } catch (error) {
    if (error instanceof Problem || error instanceof XmlMistake) return false;
    throw error;
  }
}
