import { z } from 'zod';
import { flag, words } from '../contract/fields.ts';
import {
  type Change,
  digestOf,
  type Example,
  type GuestPlane,
  type GuestXml,
  guestProbe,
  guestProbes,
  guestsOf,
  type Module,
  noGuestsHere,
  type Pending,
  type Plan,
  type Probe,
  type Probes,
  Problem,
  planOf,
  type Seen,
  text,
  worseThan,
} from '../contract/index.ts';
import { editXml } from './edit.ts';
import type { Element, Xml } from './element.ts';
import { excerptOf } from './excerpt.ts';
import { editsOf, type Field, isAsAsked, nowOf, tell } from './field.ts';
import { chosenGuests, type Guest, isPattern, parseGuest } from './guest.ts';
import { isSame, meaningOf, sameMeaning } from './meaning.ts';
import { parseXml } from './parse.ts';
import { valueAt } from './path.ts';

/** What says which guests, and which of their planes. */
export const guestParams = {
  guests: words()
    .optional()
    .describe('Guests by name or shell pattern (`web*`), or `all`. A name that no guest has is a mistake.'),
  tag: z
    .string()
    .regex(/^[^\s,]+$/, 'expected one tag')
    .optional()
    .describe('Only guests with this word in `<kvmplay:tags xmlns:kvmplay="urn:kvmplay:guest">` in their metadata.'),
  live: flag().prefault(true).describe('Whether to change guests that run, as far as libvirt can.'),
  config: flag().prefault(true).describe('Whether to change what guests are started with.'),
};

/** What the parameters of every guest module have. */
type Common = z.infer<z.ZodObject<typeof guestParams>>;

interface Wanted {
  readonly fields: readonly Field[];
  /** What an operator should know. */
  readonly notes?: readonly string[];
}

interface Definition<Shape extends z.ZodRawShape, Params, Whole> {
  readonly name: string;
  readonly summary: string;
  readonly notes?: string;
  /** Beside `guests`, `tag`, `live` and `config`, which all guest modules have. */
  readonly params: Shape;
  /** Parameters of which one has to be given, or nothing is asked for. */
  readonly asks?: readonly (keyof Shape & string)[];
  /** What is wrong with parameters as a whole. */
  readonly check?: (params: Params) => string | undefined;
  /** What to read of the host, beside its guests. */
  readonly reads?: (params: Params, seen: Seen) => Probes;
  /** What is worked out once for all guests together, for `wants`. `chosen` are those that the task is about. Throws `Problem`. */
  readonly together?: (
    params: Params,
    chosen: readonly GuestXml[],
    all: ReadonlyMap<string, GuestXml>,
    seen: Seen,
  ) => Whole;
  /** The elements that it may change, by their names from below the domain: `devices/disk/driver`. Nothing else is touched. */
  readonly owns: readonly string[];
  /** Whether what it makes of a guest is held against libvirt's schema before it is defined: where users write XML. */
  readonly validate?: true;
  /** What it wants of a guest on one plane. Called for the running and for the defined one. Throws `Problem`. */
  readonly wants: (params: Params, guest: Guest, seen: Seen, whole: Whole) => Wanted;
  /** What an operator should know of a guest as it will be defined. */
  readonly cautions?: (name: string, domain: Element, seen: Seen) => readonly string[];
  readonly examples: readonly Example[];
}

/**
 * Declare a module that owns fields of guests' XML. All that is common is done here: choosing guests, both planes, what waits
 * for a restart, editing without touching anything else, undoing.
 */
export function defineGuestModule<Shape extends z.ZodRawShape, Whole = undefined>(
  definition: Definition<Shape, z.infer<z.ZodObject<Shape>> & Common, Whole>,
): Module {
  type Params = z.infer<z.ZodObject<Shape>> & Common;
  const { name, summary, notes, examples, asks, check } = definition;
  const params = z.strictObject({ ...guestParams, ...definition.params }).superRefine((value, context) => {
    const given = value as Params;
    if (given.guests === undefined && given.tag === undefined)
      context.addIssue({ code: 'custom', message: 'say which guests: `guests: NAMES`, `guests: all`, or `tag: WORD`' });
    const wrong = asks?.every((one) => isUnsaid(value[one as keyof typeof value]))
      ? `nothing is asked for: say one of ${asks.join(', ')}`
      : check?.(given);
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong });
  });
  return Object.freeze({
    name,
    summary,
    ...(notes !== undefined && { notes }),
    guests: true,
    params: params as unknown as z.ZodType<unknown>,
    reads: (given: unknown, seen: Seen) => ({ ...guestProbes, ...definition.reads?.(given as Params, seen) }),
    plan: (given: unknown, seen: Seen) => planGuests(definition, given as Params, seen),
    same: (probe: Probe, a: string, b: string) => sameGuest(definition.owns, probe, a, b),
    examples,
  } satisfies Module);
}

/** Not given, or a list or mapping with nothing in it. */
const isUnsaid = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

type Wants = (guest: Guest) => Wanted;

function planGuests<Shape extends z.ZodRawShape, Params extends Common, Whole>(
  { together, wants, validate, cautions }: Definition<Shape, Params, Whole>,
  params: Params,
  seen: Seen,
): Plan {
  const all = guestsOf(seen);
  const named = params.guests?.find((word) => !isPattern(word));
  if (!all) {
    if (named !== undefined)
      throw new Problem('NoVirsh', `${noGuestsHere(seen)}: there is nobody to ask for the guest "${named}"`);
    return { changes: [], na: noGuestsHere(seen) };
  }
  const chosen = chosenGuests(all, params);
  if (chosen.length === 0)
    return { changes: [], na: all.size === 0 ? 'this host has no guests' : 'no guest is meant here' };
  const whole = together?.(params, chosen, all, seen) as Whole;
  const parts = chosen.map((one) =>
    planGuest(
      (guest) => wants(params, guest, seen, whole),
      { ...params, validate, cautions: (domain) => cautions?.(one.name, domain, seen) ?? [] },
      one,
    ),
  );
  return planOf(
    parts.flatMap(({ changes }) => changes),
    parts.flatMap(({ pending }) => pending ?? []),
    [...new Set(parts.flatMap(({ notes }) => notes ?? []))],
  );
}

/** What is to be done with one guest, on the planes that are asked for. */
export function planGuest(
  wants: Wants,
  params: Pick<Common, GuestPlane> & {
    readonly validate?: true | undefined;
    readonly cautions?: (domain: Element) => readonly string[];
  },
  guest: GuestXml,
): Plan {
  const { name } = guest;
  const look = (plane: 'live' | 'config') => {
    const source = guest[plane];
    if (source === undefined || !params[plane]) return undefined;
    const xml = parseGuest(name, source);
    const { fields, notes = [] } = wants({ name, plane, domain: xml.root });
    const moved = fields.filter((field) => !isAsAsked(field));
    const after = () => (moved.length === 0 ? xml : parseXml(editXml(xml, moved.flatMap(editsOf)))).root;
    const cautions = plane === 'config' && params.cautions ? params.cautions(after()) : [];
    return { xml, moved, notes: [...notes, ...cautions] };
  };
  const live = look('live');
  const config = look('config');
  const now = live?.moved.filter((field) => field.live) ?? [];
  const later = live?.moved.filter((field) => !field.live) ?? [];
  const changes = [
    ...(live && now.length > 0 ? [changeLive(name, live.xml, now)] : []),
    ...(config && config.moved.length > 0 ? [changeConfig(name, config.xml, config.moved, params.validate)] : []),
  ];
  const pending = live && later.length > 0 ? [waits(name, live.xml, later, config !== undefined)] : [];
  return planOf(changes, pending, [...(live?.notes ?? []), ...(config?.notes ?? [])]);
}

function changeConfig(name: string, xml: Xml, fields: readonly Field[], validate?: true): Change {
  const edited = editXml(xml, fields.flatMap(editsOf));
  return {
    target: guestProbe(name, 'config'),
    plane: 'persistent',
    summary: summaryOf(name, fields),
    before: text(xml.text),
    after: text(edited),
    do: [{ do: 'define', guest: name, xml: edited, over: digestOf(xml.text), ...(validate && { validate }) }],
    undo: [{ do: 'define', guest: name, xml: xml.text }],
    impact: 'none',
    hints: {
      DidNotConverge: 'libvirt took the XML and left out or changed what it would not have: see `virsh dumpxml`',
    },
    shown: excerptOf(xml, parseXml(edited)),
  };
}

function changeLive(name: string, xml: Xml, fields: readonly Field[]): Change {
  const who = valueAt(xml.root, 'uuid') ?? name;
  const virsh = (command: string, ...words: readonly string[]) =>
    ({ do: 'exec', argv: ['virsh', '-q', '-c', 'qemu:///system', command, who, ...words, '--live'] }) as const;
  const run = ({ live }: Field, value: string) => {
    if (!live) throw new Error('this field cannot be changed while the guest runs');
    return virsh(live.command, ...live.argv(value));
  };
  const wanted = (field: Field): string => field.value ?? field.absent ?? '';
  const was = fields.map((field) => ({ field, value: nowOf(field) ?? field.absent }));
  const edited = editXml(
    xml,
    fields.flatMap((field) => editsOf({ ...field, value: wanted(field) })),
  );
  const undone = was.some(({ field }) => nowOf(field) === undefined)
    ? editXml(
        xml,
        was.map(({ field, value = null }) => ({ ...field, value })),
      )
    : undefined;
  const undo = was.flatMap(({ field, value }) => {
    if (value !== undefined) return [run(field, value)];
    return field.live?.undo ? [virsh(...field.live.undo)] : [];
  });
  const impacts = fields.map(({ live }) => live?.impact ?? 'none');
  return {
    target: guestProbe(name, 'live'),
    plane: 'live',
    summary: summaryOf(name, fields),
    before: text(xml.text),
    after: text(edited),
    do: fields.map((field) => run(field, wanted(field))),
    undo:
      undo.length === fields.length
        ? undo
        : { impossible: 'libvirt cannot take out what was not there before while the guest runs' },
    impact: impacts.reduce((worst, one) => (worseThan(one, worst) ? one : worst), 'none'),
    ...(undone !== undefined && { undone: text(undone) }),
    hints: Object.assign({}, ...fields.map(({ live }) => live?.hints ?? {})),
    shown: excerptOf(xml, parseXml(edited)),
  };
}

/** What a running guest has not, and gets at its next start; or never, where nobody has defined it so. */
function waits(name: string, xml: Xml, fields: readonly Field[], isDefined: boolean): Pending {
  const edited = editXml(xml, fields.flatMap(editsOf));
  const why = isDefined ? 'when it is shut down and started again' : 'not while it runs, and it is not defined so';
  return {
    target: guestProbe(name, 'live'),
    plane: 'pending',
    summary: `${summaryOf(name, fields)}, ${why}`,
    before: text(xml.text),
    after: text(edited),
    needs: isDefined ? 'guest-restart' : 'manual',
    shown: excerptOf(xml, parseXml(edited)),
  };
}

/** So many are named one by one. */
const NAMED = 8;

function summaryOf(name: string, fields: readonly Field[]): string {
  const told = fields.slice(0, NAMED).map(tell);
  const more = fields.length - told.length;
  return `${name}: ${told.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/**
 * Whether two XMLs of a guest say the same. Of a running guest only what the module owns is compared: it is undone by
 * commands, which leave all else alone. Of a defined one everything is: it is undone by the whole text.
 */
function sameGuest(owns: readonly string[], probe: Probe, a: string, b: string): boolean {
  const [one, other] = [xmlIn(a), xmlIn(b)];
  if (!one || !other) return false;
  if (probe.kind !== 'domain' || probe.plane !== 'live') return sameMeaning(one, other);
  return owns.every((path) => {
    const [left, right] = [elementsAt(one.root, path), elementsAt(other.root, path)].map((found) =>
      found.map(meaningOf),
    );
    return (
      left?.length === right?.length && left?.every((meant, at) => right?.[at] && isSame(meant, right[at])) === true
    );
  });
}

function elementsAt(root: Element, path: string): readonly Element[] {
  return path
    .split('/')
    .reduce<readonly Element[]>(
      (at, name) => at.flatMap(({ children }) => children.filter((one) => one.name === name)),
      [root],
    );
}

function xmlIn(source: string): Xml | undefined {
  if (!source.trimStart().startsWith('<')) return undefined;
  try {
    return parseXml(source);
  } catch {
    return undefined;
  }
}
