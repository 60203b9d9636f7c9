import type { Change } from './change.ts';
import { replaceFile } from './make-change.ts';
import { file, link, type Probes } from './probe.ts';
import { text } from './reading.ts';
import type { Seen } from './seen.ts';
import { RUNNING, unitOf, unitProbe } from './unit.ts';

const PLACE = '/etc/systemd/system';

/** A unit of our own: what it says, and what wants it at boot. */
export interface OwnUnit {
  readonly name: string;
  readonly content: string;
  readonly wantedBy: string;
}

const pathOf = ({ name }: OwnUnit): string => `${PLACE}/${name}`;
const wantOf = ({ name, wantedBy }: OwnUnit): string => `${PLACE}/${wantedBy}.wants/${name}`;

export const ownUnitProbes = (unit: OwnUnit): Probes => ({
  [pathOf(unit)]: file(pathOf(unit)),
  [wantOf(unit)]: link(wantOf(unit)),
  [unit.name]: unitProbe(unit.name),
});

/** Write the unit, have it start at boot, and start it now where `live` and systemd runs. Enabled as systemctl does it, by a link. */
export function installUnit(seen: Seen, unit: OwnUnit, planes: { live: boolean; persistent: boolean }): Change[] {
  const systemd = seen.raw(unit.name).is === 'output';
  const now = unitOf(seen, unit.name);
  const written = seen.text(pathOf(unit)) === unit.content;
  const linked = seen.text(wantOf(unit)) !== undefined;
  const reload = { do: 'exec', argv: ['systemctl', 'daemon-reload'] } as const;
  const restart = { do: 'exec', argv: ['systemctl', 'restart', unit.name] } as const;
  const disturbs = [unitProbe(unit.name)];
  const changes: Change[] = [];
  if (planes.persistent && !written) {
    const then = systemd ? [reload, ...(planes.live && now?.active === 'active' ? [restart] : [])] : [];
    const summary = `${pathOf(unit)}: a unit of kvmplay`;
    changes.push({
      ...replaceFile({ path: pathOf(unit), before: seen.raw(pathOf(unit)), content: unit.content, summary, then }),
      disturbs,
    });
  }
  if (planes.persistent && !linked)
    changes.push({
      target: link(wantOf(unit)),
      plane: 'persistent',
      summary: `${unit.name}: not enabled → enabled`,
      before: seen.raw(wantOf(unit)),
      after: text(`../${unit.name}`),
      do: [
        { do: 'mkdir', path: `${PLACE}/${unit.wantedBy}.wants` },
        { do: 'link', path: wantOf(unit), to: `../${unit.name}` },
      ],
      undo: [{ do: 'remove', path: wantOf(unit) }],
      impact: 'none',
      disturbs,
    });
  if (planes.live && systemd && now?.active !== 'active')
    changes.push({
      target: unitProbe(unit.name),
      plane: 'live',
      summary: `${unit.name}: ${now?.active ?? 'not there'} → active`,
      before: seen.raw(unit.name),
      after: RUNNING,
      do: [{ do: 'exec', argv: ['systemctl', 'start', unit.name] }],
      undo: [{ do: 'exec', argv: ['systemctl', 'stop', unit.name] }],
      impact: 'none',
    });
  return changes;
}
