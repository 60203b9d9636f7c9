/**
 * What the engine may do on a host: a small closed union of data. A module names actions, it never acts. Each action is
 * done whole or not at all, and the first that fails stops those behind it.
 */
export type Action =
  /**
   * Replace a regular file atomically: a new file beside it, fsync, rename. An existing file keeps its owner and mode
   * unless they are given; a symlink is followed. A new file is root's with mode 0644. Parents must exist (see `mkdir`).
   */
  | {
      readonly do: 'write';
      readonly path: string;
      readonly content: string | Base64;
      readonly mode?: string;
      readonly owner?: string;
      readonly group?: string;
      /** Run on the new file before it takes its place, with `%s` for its path: a status other than 0 leaves the old one. */
      readonly validate?: readonly string[];
    }
  /**
   * The same with the content of a file of the control node, of any size: it is streamed, and its checksum is compared on the host
   * before it takes its place.
   */
  | {
      readonly do: 'upload';
      readonly path: string;
      readonly source: SourceFile;
      readonly mode?: string;
      readonly owner?: string;
      readonly group?: string;
      readonly validate?: readonly string[];
    }
  /** Copy a regular file with all that is on it (owner, mode, times, ACLs) to another path, atomically. */
  | { readonly do: 'copy'; readonly from: string; readonly path: string }
  /** Write a value to a kernel knob in place, in one write(2), with a newline behind it. */
  | { readonly do: 'poke'; readonly path: string; readonly value: string }
  /** Remove a file, link or empty directory; with `tree`, a directory with all that is in it. Nothing there is no error. */
  | { readonly do: 'remove'; readonly path: string; readonly tree?: true }
  /** Make a directory and the parents it lacks; one that is there is left as it is. */
  | { readonly do: 'mkdir'; readonly path: string; readonly mode?: string }
  /** Make or replace a symbolic link. */
  | { readonly do: 'link'; readonly path: string; readonly to: string }
  /** Set what is given of mode (octal), owner and group. */
  | {
      readonly do: 'own';
      readonly path: string;
      readonly mode?: string;
      readonly owner?: string;
      readonly group?: string;
    }
  /** Run a command: argv, never a shell string. A status that `ok` (default: 0) does not list is a failure. */
  | {
      readonly do: 'exec';
      readonly argv: readonly string[];
      readonly stdin?: string;
      readonly ok?: readonly number[];
      /** Seconds after which it is ended, with what it started. Default 60. */
      readonly timeout?: number;
    }
  /**
   * Define a guest of libvirt by this XML, which holds no secrets: the host puts those in that the guest has, and fails where it
   * cannot. `over` is the digest (digest.ts) of the XML that this one was made of: it fails when another stands there. `validate`: it is held
   * against libvirt's schema first, where the host has that.
   */
  | {
      readonly do: 'define';
      readonly guest: string;
      readonly xml: string;
      readonly over?: string;
      readonly validate?: boolean;
    };

export interface Base64 {
  readonly base64: string;
}

/** A file of the control node as it was when it was looked at. `sha256` in hex, `size` in bytes. */
export interface SourceFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** What a command printed, and its status: of one that failed as well. */
interface Printed {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
}

/** How an action ended. `errno` is the symbolic name where the host's words allow to tell it. */
export type ActionResult =
  | ({ readonly ok: true } & Printed)
  | ({ readonly ok: false; readonly message: string; readonly errno?: string } & Printed)
  /** Not tried, since one before it failed. */
  | { readonly ok: 'skipped' };

/** What an action does, on one line, for messages and `-vv`. */
export function describeAction(action: Action): string {
  switch (action.do) {
    case 'poke':
      return `write ${JSON.stringify(action.value)} to ${action.path}`;
    case 'link':
      return `link ${action.path} to ${action.to}`;
    case 'copy':
      return `copy ${action.from} to ${action.path}`;
    case 'exec':
      return `run ${action.argv.join(' ')}`;
    case 'define':
      return `define the guest ${action.guest}`;
    default:
      return `${action.do} ${action.path}`;
  }
}
