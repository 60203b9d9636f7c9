import { z } from 'zod';
import { flag, integer } from '../src/contract/fields.ts';
import { defineModule, type Plan, type Probes, Problem, planOf, type Seen, stat } from '../src/contract/index.ts';
import { type Context, exact, install, remove, upgrade } from './parts/package_changes.ts';
import {
  type Params as Asked,
  installedIn,
  installedProbes,
  isOut,
  missing,
  namesOf,
  otherwise,
  queryOf,
} from './parts/package_installed.ts';
import { hasOffers, type Kind, MANAGERS, offerProbes, offersOf } from './parts/package_lists.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9.+_-]*(?:=[A-Za-z0-9][A-Za-z0-9.+~:^_-]*)?$/;
const one = z.string().regex(NAME, "expected a package's name, or name=version, without a pattern");

const Params = z
  .strictObject({
    name: z
      .union([one.transform((name) => [name]), z.array(one).min(1)], {
        error: 'expected the name of a package, or a list of names',
      })
      .describe(
        'A package, or a list of them, which are dealt with in one go. `name=version` for that very version, newer or older than what is there.',
      ),
    state: z
      .enum(['present', 'installed', 'absent', 'removed', 'latest'])
      .prefault('present')
      .describe('Whether it shall be there. `latest`: in the newest version that the lists at hand know of.'),
    update_cache: flag()
      .prefault(false)
      .describe('Whether the lists of packages are fetched anew before something is installed.'),
    lock_timeout: integer(0, 1800)
      .prefault(60)
      .describe('Seconds to wait for another apt or zypper that is at work. dnf waits by itself.'),
  })
  .refine(({ name, state }) => state === 'present' || state === 'installed' || !name.some((one) => one.includes('=')), {
    path: ['name'],
    error: 'a version goes with state: present alone',
  });

export const package_ = defineModule({
  name: 'package',
  summary: 'Have packages installed, or not: by apt, dnf or zypper.',
  notes: `
What is there is asked of dpkg or rpm, and what can be had of the lists that apt, dnf or zypper have fetched before, so that check mode needs
no network. A package that those lists do not know is unknown in check mode; \`update_cache\` fetches them when something is installed. What else
a package brings or takes along is up to the package manager; undoing an installation removes the packages that were named, and leaves what
they needed. Undoing an upgrade puts the older version back, where it can still be had. Configuration files that were changed on the host are
kept. What is held (\`apt-mark hold\`, \`zypper addlock\`, dnf's \`exclude\` and \`versionlock\`) stays as it is: \`latest\` then waits for a person.`,
  params: Params,
  reads: (params, seen) => ({
    ...installedProbes(params),
    ...Object.fromEntries(MANAGERS.map(({ at }) => [at, stat(at)])),
    ...offersToRead(params, seen),
  }),
  plan(params, seen): Plan {
    const kind = kindOf(seen);
    if (kind === undefined) throw new Problem('NoPackages', 'there is neither apt-get, dnf nor zypper on this host');
    const context: Context = {
      params,
      seen,
      kind,
      plain: installedIn(seen, kind, 'plain'),
      full: installedIn(seen, kind, 'full'),
      offer: hasOffers(seen, kind) ? offersOf(seen, kind) : undefined,
    };
    if (isOut(params)) return planOf(remove(context));
    const { changes, pending } =
      params.state === 'latest' ? upgrade(context) : { changes: exact(context), pending: [] };
    return planOf([...install(context), ...changes], pending);
  },
  same: (_, a, b) => lines(a) === lines(b),
  // dpkg knows of a package whose configuration was left behind, and has nothing to say of one that was never there.
  ignoresStatus: true,
  examples: [
    {
      title: 'What a hypervisor needs, in one go',
      params: { name: ['numactl', 'tuned'], update_cache: true },
      host: { '/usr/bin/apt-get': '', '/var/lib/dpkg/status': installed('numactl', '2.0') },
    },
    {
      title: 'What it does not',
      params: { name: 'irqbalance', state: 'absent' },
      host: { '/usr/bin/dnf': '', '/var/lib/rpm/packages': 'irqbalance 1.9\n' },
    },
    {
      title: 'That very version',
      params: { name: ['qemu-system-x86=2.0', 'numactl'], lock_timeout: 300 },
      host: { '/usr/bin/apt-get': '', '/var/lib/dpkg/status': installed('qemu-system-x86', '1.0') },
    },
    {
      title: 'The newest version, of rpm',
      params: { name: ['libvirt', 'tuned'], state: 'latest' },
      host: { '/usr/bin/dnf': '', '/var/lib/rpm/packages': 'libvirt 1.0\n' },
    },
    {
      title: 'The newest version',
      params: { name: 'qemu-system-x86', state: 'latest' },
      host: { '/usr/bin/apt-get': '', '/var/lib/dpkg/status': installed('qemu-system-x86', '1.0') },
    },
  ],
});

/** What dpkg writes down of a package. */
function installed(name: string, version: string): string {
  return `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n\n`;
}

/** What is installed, in whichever order it is printed; there are words for what is not, and for files that were left behind. */
const lines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^\S+ installed(?: |$)/.test(line))
    .sort()
    .join('\n');

const kindOf = (seen: Seen): Kind | undefined => MANAGERS.find(({ at }) => seen.stat(at) !== undefined)?.kind;

/** The lists are read at once for `latest`, and else where something is to be done. */
function offersToRead(params: Asked, seen: Seen): Probes {
  const names = namesOf(params);
  const kinds = MANAGERS.map(({ kind }) => kind);
  if (params.state === 'latest') return offerProbes(kinds, names, true);
  if (!MANAGERS.every(({ at }) => seen.has(at))) return {};
  const kind = kindOf(seen);
  if (kind === undefined) return {};
  const known = (['plain', 'full'] as const).every((part) => {
    const query = queryOf(kind, part);
    return !seen.has(query) || seen.raw(query).is === 'output';
  });
  if (!known) return {};
  const [plain, full] = [installedIn(seen, kind, 'plain'), installedIn(seen, kind, 'full')];
  const moves = isOut(params)
    ? plain.size > 0
    : missing(params, plain).length + otherwise(params, kind, full).length > 0;
  return moves ? offerProbes([kind], names, false) : {};
}
