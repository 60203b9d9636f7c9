import type { Impact } from '../contract/index.ts';
import type { Element } from './element.ts';
import { says } from './meaning.ts';
import { parsePath, valueAt, walk } from './path.ts';

/** One thing of a guest's XML that a module owns, and what it shall be. */
export interface Field {
  /** As it is told of, behind the guest's name: `vCPU 0`. */
  readonly label: string;
  /** Where the path begins: the domain, or a device of it. */
  readonly at: Element;
  /** `cputune/vcpupin[vcpu=0]/@cpuset`: an attribute; without `@` the text of an element, which may be empty. */
  readonly path: string;
  /** null: nothing of the kind. */
  readonly value: string | null;
  /** What it comes to when it is not there. */
  readonly absent?: string | undefined;
  /** When two values mean the same. */
  readonly same?: (a: string, b: string) => boolean;
  /** An element that is to be among the children of what the path leads to; there when one of them says all that it says. */
  readonly copy?: Element;
  /** How it is told of, where the values do not say it: `a third IO thread`. */
  readonly told?: string;
  /** What libvirt changes beside it when it is changed. */
  readonly also?: readonly { readonly path: string; readonly value: string | null }[];
  /** How it is changed while the guest runs. Without, it waits for the guest's next start. */
  readonly live?: Live;
}

/** A virsh command that takes `--live`. */
export interface Live {
  /** `vcpupin`; the guest follows it. */
  readonly command: string;
  readonly argv: (value: string) => readonly string[];
  /** The command that takes it back where there was nothing before, and its words behind the guest. */
  readonly undo?: readonly [string, ...string[]];
  readonly impact: Impact;
  /** By errno: what to tell when libvirt refuses. */
  readonly hints?: Readonly<Record<string, string>>;
}

export const nowOf = ({ at, path }: Field): string | undefined => valueAt(at, path);

/** Whether it is as it shall be. */
export function isAsAsked(field: Field): boolean {
  if (field.copy) return hasLike(walk(field.at, parsePath(field.path).steps), field.copy);
  const now = nowOf(field) ?? field.absent;
  const wanted = field.value ?? field.absent;
  if (now === undefined || wanted === undefined) return now === wanted;
  return now === wanted || (field.same?.(now, wanted) ?? false);
}

/** `vCPU 0: 0-7 → 2` */
export const tell = (field: Field): string =>
  field.told ?? `${field.label}: ${nowOf(field) ?? field.absent ?? 'none'} → ${field.value ?? field.absent ?? 'none'}`;

/** What is edited of the XML for it. */
export const editsOf = ({ at, path, value, copy, also = [] }: Field) => [
  { at, path, value, copy },
  ...also.map((more) => ({ at, ...more })),
];

const hasLike = (parent: Element | undefined, wanted: Element): boolean =>
  parent?.children.some((child) => says(child, wanted)) === true;
