import { attributeOf, childrenOf, type Element } from './element.ts';
import type { Field } from './field.ts';
import { plainAttribute, plainText, says } from './meaning.ts';
import { valueAt } from './path.ts';

/** By what elements of one name are told from each other; others by their order. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  disk: ['target/@dev'],
  interface: ['mac/@address'],
  filesystem: ['target/@dir'],
  channel: ['target/@name'],
  controller: ['@type', '@index'],
  graphics: ['@type'],
  input: ['@type', '@bus'],
  vcpupin: ['@vcpu'],
  iothreadpin: ['@iothread'],
  iothread: ['@id'],
  memnode: ['@cellid'],
  cell: ['@id'],
  feature: ['@name'],
  timer: ['@name'],
};

/** Devices that libvirt never adds by itself: one that nobody asks for is to go. */
const OURS = [
  'disk',
  'interface',
  'filesystem',
  'hostdev',
  'redirdev',
  'graphics',
  'rng',
  'vsock',
  'shmem',
  'tpm',
  'sound',
];

/**
 * What has to change of a guest so that it says all that a description says, and has no devices besides. Addresses, identities
 * and settings that the description does not speak of stay as they are.
 */
export function mergeFields(now: Element, wanted: Element, label = wanted.name): Field[] {
  const text = wanted.children.length === 0 && wanted.text.trim() !== '' && plainText(now) !== plainText(wanted);
  const pairs = pairsOf(now, wanted);
  return [
    ...wanted.attributes
      .filter(({ name }) => (name === 'unit' ? text : !isSaid(now, wanted, name)))
      .map(({ name, value }) => ({
        label: `${label} ${name}`,
        at: now,
        path: `@${name}`,
        value,
        ...(name === 'passwd' && { told: `${label}: another passwd` }),
      })),
    ...(text
      ? [{ label, at: now, path: '', value: wanted.text.trim(), ...(wanted.name === 'cookie' && { told: label }) }]
      : []),
    ...(text && attributeOf(wanted, 'unit') === undefined ? [{ label, at: now, path: '@unit', value: null }] : []),
    ...wanted.children.flatMap((child): Field[] => {
      const there = pairs.get(child);
      if (there) return [...foreign(now, wanted, there, child), ...mergeFields(there, child, labelOf(child))];
      const told = `${labelOf(child)}: none → there`;
      return [{ label: labelOf(child), at: now, path: '', value: '', copy: child, told }];
    }),
    ...(now.name === 'devices' ? surplus(now, new Set(pairs.values())) : []),
  ];
}

/** What of the old source means nothing once the device is of another type: the `file` of a disk that becomes a `block`. */
function foreign(now: Element, wanted: Element, there: Element, child: Element): Field[] {
  const type = attributeOf(wanted, 'type');
  if (child.name !== 'source' || type === undefined || type === attributeOf(now, 'type')) return [];
  return [
    // `index` is libvirt's number for the source of a guest that runs.
    ...there.attributes
      .filter(({ name }) => name !== 'index' && attributeOf(child, name) === undefined)
      .map(({ name }) => ({ label: `source ${name}`, at: there, path: `@${name}`, value: null })),
    ...there.children
      .filter((one) => childrenOf(child, one.name).length === 0)
      .map((at) => ({
        label: `source ${at.name}`,
        at,
        path: '',
        value: null,
        told: `source ${at.name}: there → none`,
      })),
  ];
}

/** Whether an attribute says what is wanted, perhaps in the form that libvirt makes of it. */
function isSaid(now: Element, wanted: Element, name: string): boolean {
  const [is, shall] = [attributeOf(now, name) ?? '', attributeOf(wanted, name) ?? ''];
  if (now.name === 'type' && name === 'machine' && MACHINES[shall] !== undefined && is.startsWith(MACHINES[shall]))
    return true;
  // Of a running guest: the port that was free.
  if (now.name === 'graphics' && name === 'port' && shall === '-1') return attributeOf(now, 'autoport') !== 'no';
  return plainAttribute(now, name) === plainAttribute(wanted, name);
}

/** What libvirt makes of the names that stand for the newest of a kind. */
const MACHINES: Readonly<Record<string, string>> = { q35: 'pc-q35-', pc: 'pc-i440fx-', virt: 'virt-' };

/** Each wanted child with the one that it is. */
function pairsOf(now: Element, wanted: Element): ReadonlyMap<Element, Element> {
  const left = [...now.children];
  const pairs = new Map<Element, Element>();
  const pair = (child: Element, fits: (one: Element) => boolean): void => {
    const at = pairs.has(child) ? -1 : left.findIndex((one) => one.name === child.name && fits(one));
    const [there] = at < 0 ? [] : left.splice(at, 1);
    if (there) pairs.set(child, there);
  };
  for (const child of wanted.children) {
    const key = keyOf(child);
    if (key !== undefined) pair(child, (one) => keyOf(one) === key);
  }
  // An interface whose address is not told is the one on the same network.
  for (const child of childrenOf(wanted, 'interface'))
    if (keyOf(child) === undefined) pair(child, (one) => netOf(one) === netOf(child));
  const nameless = wanted.children.filter((child) => keyOf(child) === undefined);
  for (const child of nameless) pair(child, (one) => says(one, child));
  for (const child of nameless) pair(child, () => true);
  return pairs;
}

function keyOf(element: Element): string | undefined {
  const keys = KEYS[element.name];
  const values = keys?.map((path) => valueAt(element, path) ?? (path === '@index' ? '0' : undefined));
  return values === undefined || values.includes(undefined) ? undefined : values.join(' ').toLowerCase();
}

const netOf = (one: Element): string =>
  ['source/@network', 'source/@bridge', 'source/@dev'].map((path) => valueAt(one, path) ?? '').join(' ');

const surplus = (devices: Element, kept: ReadonlySet<Element>): Field[] =>
  devices.children
    .filter((one) => OURS.includes(one.name) && !kept.has(one))
    .map((at) => ({ label: labelOf(at), at, path: '', value: null, told: `${labelOf(at)}: there → none` }));

function labelOf(element: Element): string {
  const key = KEYS[element.name]?.map((path) => valueAt(element, path)).filter((one) => one !== undefined);
  return [element.name, ...(key ?? [])].join(' ');
}
