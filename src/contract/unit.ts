import type { Change, Pending } from './change.ts';
import { command, type Probe } from './probe.ts';
import type { Reading } from './reading.ts';
import type { Seen } from './seen.ts';

/** A systemd unit, in systemctl(1)'s words. */
export interface Unit {
  /** loaded, masked … */
  readonly load: string;
  /** active, inactive, failed … */
  readonly active: string;
  /** enabled, disabled, masked, static … */
  readonly enabled: string;
}

/** Its reading is named by the unit. One process on the host for each. */
export const unitProbe = (unit: string): Probe =>
  command('systemctl', 'show', '--property=LoadState,ActiveState,UnitFileState', unit);

/** The unit, or undefined where there is none, or no systemd to ask. */
export function unitOf(seen: Seen, unit: string): Unit | undefined {
  const reading = seen.raw(unit);
  if (reading.is === 'unknown') seen.output(unit);
  if (reading.is !== 'output' || reading.status !== 0) return undefined;
  const found = parse(reading.stdout);
  return found.load === '' || found.load === 'not-found' ? undefined : found;
}

function parse(shown: string): Unit {
  const values = new Map(
    shown.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return {
    load: values.get('LoadState') ?? '',
    active: values.get('ActiveState') ?? '',
    enabled: values.get('UnitFileState') ?? '',
  };
}

/** What systemctl would print of a unit. */
export const shownUnit = ({ load, active, enabled }: Unit): Reading => ({
  is: 'output',
  status: 0,
  stdout: `LoadState=${load}\nActiveState=${active}\nUnitFileState=${enabled}\n`,
  stderr: '',
});

/** Whether two answers of systemctl say the same; one that failed and one that is inactive both do not run. */
export function sameUnit(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  const runs = (unit: Unit) => ['active', 'activating', 'reloading'].includes(unit.active);
  return one.load === other.load && one.enabled === other.enabled && runs(one) === runs(other);
}

/** What systemctl says of a unit that runs and will run. */
export const RUNNING: Reading = shownUnit({ load: 'loaded', active: 'active', enabled: 'enabled' });

const MASKED: Reading = shownUnit({ load: 'masked', active: 'inactive', enabled: 'masked' });

/** Stop a unit and never let it start again, or nothing where that is so. */
function maskUnit(seen: Seen, name: string): Change | undefined {
  const unit = unitOf(seen, name);
  if (!unit || (unit.load === 'masked' && unit.active !== 'active')) return undefined;
  const start = unit.active === 'active' ? [{ do: 'exec', argv: ['systemctl', 'start', name] } as const] : [];
  return {
    target: unitProbe(name),
    plane: 'persistent',
    summary: `${name}: ${unit.active}, ${unit.enabled || unit.load} → stopped and masked`,
    before: seen.raw(name),
    after: MASKED,
    do: [{ do: 'exec', argv: ['systemctl', 'mask', '--now', name] }],
    undo: [{ do: 'exec', argv: ['systemctl', 'unmask', name] }, ...start],
    impact: 'service-restart',
  };
}

/** What became of units that would put back what is asked. */
interface Rivalry {
  readonly changes: readonly Change[];
  readonly pending: readonly Pending[];
}

/** Mask those of these units that are here. */
export const maskUnits = (seen: Seen, units: readonly string[]): Rivalry => ({
  changes: units.flatMap((unit) => maskUnit(seen, unit) ?? []),
  pending: [],
});

/** Those of these units that run, or will at the next boot: a person has to decide who is the master. */
export function rivalUnits(seen: Seen, units: readonly string[], does: string): Rivalry {
  const awake = units.filter((name) => {
    const unit = unitOf(seen, name);
    return unit?.active === 'active' || unit?.enabled === 'enabled';
  });
  const pending = awake.map(
    (name): Pending => ({
      target: unitProbe(name),
      plane: 'persistent',
      summary: `${name} is active or enabled, and ${does}: set \`services: mask\`, or leave it to it`,
      before: seen.raw(name),
      after: MASKED,
      needs: 'manual',
    }),
  );
  return { changes: [], pending };
}
