import type { z } from 'zod';
import type { ActionResult, Base64, SourceFile } from './action.ts';
import type { Plan } from './change.ts';
import type { Probe, Probes } from './probe.ts';
import type { Seen } from './seen.ts';

/**
 * A module is pure: from parameters it says what to read, and from what was read it computes what to change. It has no
 * way to act, so check mode needs nothing from its author and cannot lie.
 *
 * The laws (src/laws) that the tests and `kvmplay validate` hold every module to, on every example: the same input gives the same plan; a plan is plain
 * data; every change moves a probe; `before` is what was read; `do` reaches `after`; a second run changes nothing;
 * `undo` returns to `before`; what check foretells is what run does.
 */
export interface Module<Params = unknown> {
  /** As users type it: `irq_affinity`. */
  readonly name: string;
  /** One sentence: what it makes so. */
  readonly summary: string;
  /** Facts a reader would not guess, for the reference page. Markdown. */
  readonly notes?: string;
  /** It works on guests' XML, so that it can be run on a file of it. */
  readonly guests?: true;
  readonly params: z.ZodType<Params>;
  /**
   * What to read. Called again with what was seen until it names nothing new, so that one reading can name the next
   * (guests found → their XML). The same names must come back each time.
   */
  readonly reads: (params: Params, seen: Seen) => Probes;
  /** What is not as asked. Throws `Problem` for what cannot be had here. */
  readonly plan: (params: Params, seen: Seen) => Plan;
  /**
   * Its plan is also made before any task of the play acts, as if the other tasks had been done, and a `Conflict` that it
   * throws then fails the host. For modules that must agree with each other.
   */
  readonly crossChecked?: true;
  /**
   * The parameter that names a file of the control node, and the folder of roles and playbooks that it is looked for in. What is
   * found is given to the module with its parameters, as `source`: `templates` are rendered.
   */
  readonly source?: {
    readonly param: string;
    readonly folder: 'files' | 'templates';
    /** It may be a directory. */
    readonly tree?: true;
    /** What is wrong with a text that was found or rendered, in words. */
    readonly wrong?: (text: string, params: Params) => string | undefined;
  };
  /** What `register` keeps of what was done, beside the plan's `values`: of each action of its changes, in order. */
  readonly returns?: (params: Params, results: readonly ActionResult[]) => Readonly<Record<string, unknown>>;
  /** When two texts of a probe mean the same, where that is more than trimming tells. */
  readonly same?: (probe: Probe, a: string, b: string) => boolean;
  /** What its probes' commands print tells all, whatever status they end with. */
  readonly ignoresStatus?: true;
  /** Of a project's own modules: it stands in for the one of kvmplay that has the same name. */
  readonly replaces?: true;
  /** Documented uses; the laws are run over each. */
  readonly examples: readonly Example[];
}

/** The file that a module's `source` names. `content` is there where it is small enough to be sent as it is. */
export interface Source extends SourceFile {
  /** The file's own name, without folders. */
  readonly name: string;
  readonly content?: string | Base64;
  /** Of a directory: what is below it, each directory before what is in it. `name` is empty where its content alone is meant. */
  readonly tree?: readonly TreeEntry[];
  /** What sha1sum(1) says of it: Ansible's `checksum`. */
  readonly sha1?: string;
  /** It is encrypted on the control node: neither it nor what it replaces is shown. */
  readonly secret?: true;
}

/** A file, or without one a directory, by its path from the directory it was found below. */
export interface TreeEntry {
  readonly path: string;
  readonly file?: Source;
}

export interface Example {
  readonly title: string;
  /** As written in a playbook, before validation. */
  readonly params: unknown;
  /** What the file of the control node holds that it names; of a directory the files below it, by path. */
  readonly source?: string | Readonly<Record<string, string>>;
  /** The host it is shown on, by path. A `[selected]` text behaves as the kernel's does. */
  readonly host: Readonly<Record<string, Shown>>;
}

/** What stands at a path of an example's host: a text with the usual mode 0644, one with another, or a link. */
export type Shown = string | { readonly text: string; readonly mode: string } | { readonly link: string };

/** Declare a module. The type of `params` follows from the schema. */
export function defineModule<Schema extends z.ZodType>(
  module: Omit<Module<z.infer<Schema>>, 'params'> & { readonly params: Schema },
): Module {
  return Object.freeze(module) as unknown as Module;
}
