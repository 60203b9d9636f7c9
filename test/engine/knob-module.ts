import { z } from 'zod';
import { defineModule, file, NOTHING, pokeKnob, unknown } from '../../src/contract/index.ts';

/** The smallest module there can be: one file, one value. For tests of the engine. */
export const knob = defineModule({
  name: 'knob',
  summary: 'Set one file to one value.',
  params: z.strictObject({ path: z.string(), value: z.string(), disturbs: z.string().optional() }),
  reads: ({ path }) => ({ it: file(path) }),
  plan: ({ path, value, disturbs }, seen) => {
    const now = seen.text('it')?.trim();
    if (now === value) return NOTHING;
    const hints = { EINVAL: 'ask for less', DidNotConverge: 'ask at boot' };
    const twin = disturbs === undefined ? {} : { disturbs: [file(disturbs)] };
    return {
      changes: [
        pokeKnob({ path, value, before: seen.raw('it'), summary: `${path}: ${now} → ${value}`, ...twin, hints }),
      ],
    };
  },
  examples: [],
});

/** Reads a list of paths from one file, then those: what a module does that finds guests first. */
export const chained = defineModule({
  name: 'chained',
  summary: 'Set every file that a list names to "on".',
  params: z.strictObject({ list: z.string() }),
  reads: ({ list }, seen) => ({
    list: file(list),
    ...(seen.has('list')
      ? Object.fromEntries(
          (seen.text('list') ?? '')
            .split('\n')
            .filter(Boolean)
            .map((path) => [path, file(path)]),
        )
      : {}),
  }),
  plan: (_, seen) => ({
    changes: (seen.text('list') ?? '')
      .split('\n')
      .filter((path) => path !== '' && seen.text(path)?.trim() !== 'on')
      .map((path) => pokeKnob({ path, value: 'on', before: seen.raw(path), summary: path })),
  }),
  examples: [],
});

/** An event: done each time. */
export const event = defineModule({
  name: 'event',
  summary: 'Count up.',
  params: z.strictObject({}),
  reads: () => ({ count: file('/run/count') }),
  plan: (_, seen) => ({
    changes: [
      {
        target: file('/run/count'),
        plane: 'live',
        summary: 'count',
        before: seen.raw('count'),
        after: unknown('it is counted up'),
        do: [{ do: 'poke', path: '/run/count', value: String(Number(seen.text('count')) + 1) }],
        undo: { impossible: 'time goes one way' },
        impact: 'service-restart',
        once: true,
      },
    ],
  }),
  examples: [],
});

/** A knob that is only taken while a switch is off: what is turned off for it is turned on again. */
export const guarded = defineModule({
  name: 'guarded',
  summary: 'Set one file while another reads "off".',
  params: z.strictObject({ path: z.string(), guard: z.string(), value: z.string() }),
  reads: ({ path }) => ({ it: file(path) }),
  plan: ({ path, guard, value }, seen) => {
    const now = seen.text('it')?.trim() ?? '';
    if (now === value) return NOTHING;
    const around = (to: string) =>
      [
        { do: 'poke', path: guard, value: 'off' },
        { do: 'poke', path, value: to },
        { do: 'poke', path: guard, value: 'on' },
      ] as const;
    const change = pokeKnob({ path, value, before: seen.raw('it'), summary: `${path}: ${now} → ${value}` });
    return { changes: [{ ...change, do: around(value), undo: around(now) }] };
  },
  examples: [],
});
