import { integer } from '../src/contract/fields.ts';
import { Problem } from '../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  ioThreadsOf,
  strayThreads,
  valueAt,
} from '../src/domain-xml/index.ts';

const params = {
  count: integer(0, 64).describe(
    'How many IO threads the guest has. `disk_cache` gives disks to them, `cpu_pin` pins them.',
  ),
};

export const iothreads = defineGuestModule({
  name: 'iothreads',
  summary: 'How many threads of their own guests have for the I/O of their disks.',
  notes: `
A disk without one is served by the emulator's main thread, beside all other devices. One or two for a guest with busy disks are enough. They are added
to guests that run at once; taken away from them only at their next start, the highest numbers first and their pins and schedulers with them, and never while a
disk or controller is given to them.`,
  params,
  owns: ['iothreads', 'iothreadids', 'cputune'],
  wants: ({ count }, guest) => ({ fields: fieldsOf(count, guest) }),
  examples: [
    {
      title: 'Two, at once and at every start',
      params: { guests: 'web1', count: 2 },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'None',
      params: { guests: 'all', count: 0 },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
    {
      title: 'One, of two that are numbered by hand',
      params: { guests: 'all', count: 1 },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <iothreadids>\n    <iothread id='2'/>\n    <iothread id='4'/>\n  </iothreadids>",
        ).replace('<iothreads>1<', '<iothreads>2<'),
      },
    },
  ],
});

function fieldsOf(count: number, { name, plane, domain }: Guest): Field[] {
  const now = ioThreadsOf(domain);
  if (now.length === count) return [];
  const told = `IO threads: ${now.length} → ${count}`;
  if (plane === 'live' && count > now.length) return add(now, count, domain);
  const gone = [...now].sort((a, b) => b - a).slice(0, Math.max(0, now.length - count));
  const busy = gone.find((id) => usersOf(domain, id).length > 0);
  if (busy !== undefined && plane === 'config')
    throw new Problem(
      'IothreadInUse',
      `${name}: IO thread ${busy} serves ${usersOf(domain, busy).join(', ')}`,
      'give them to another one first, or to none: `disk_cache` with `iothread`',
    );
  const ids = childOf(domain, 'iothreadids')?.children ?? [];
  const named = ids.filter((one) => gone.includes(Number(attributeOf(one, 'id'))));
  return [
    { label: 'IO threads', at: domain, path: 'iothreads', value: count === 0 ? null : String(count), told },
    ...named.map((one) => ({
      label: 'IO threads',
      at: one,
      path: '',
      value: null,
      told: `no IO thread ${attributeOf(one, 'id')}`,
    })),
    ...(count < now.length ? strayThreads(domain, 'iothread', new Set(now.filter((id) => !gone.includes(id)))) : []),
  ];
}

/** One command for each; libvirt then names all of them. */
function add(now: readonly number[], count: number, domain: Element): Field[] {
  const free = Array.from({ length: count + now.length }, (_, at) => at + 1).filter((id) => !now.includes(id));
  const fresh = free.slice(0, count - now.length);
  const path = (id: number) => `iothreadids/iothread[id=${id}]`;
  const also = [{ path: 'iothreads', value: String(count) }, ...now.map((id) => ({ path: path(id), value: '' }))];
  return fresh.map((id) => ({
    label: 'IO threads',
    at: domain,
    path: path(id),
    value: '',
    told: `IO thread ${id}`,
    also,
    live: { command: 'iothreadadd', argv: () => [String(id)], undo: ['iothreaddel', String(id)], impact: 'none' },
  }));
}

/** Disks and controllers that an IO thread serves. */
function usersOf(domain: Element, id: number): string[] {
  return (childOf(domain, 'devices')?.children ?? [])
    .filter((device) => {
      const driver = childOf(device, 'driver');
      const several = driver && childOf(driver, 'iothreads');
      const ids = [driver, ...(several ? childrenOf(several, 'iothread') : [])];
      return ids.some((one, at) => one && attributeOf(one, at === 0 ? 'iothread' : 'id') === String(id));
    })
    .map((device) => `${device.name} ${valueAt(device, 'target/@dev') ?? attributeOf(device, 'index') ?? ''}`.trim());
}
