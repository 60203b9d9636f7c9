import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Change, defineModule, file, NOTHING, type Plan, pokeKnob, type Seen } from '../../src/contract/index.ts';
import { frozen } from '../../src/laws/frozen.ts';
import { LAWS } from '../../src/laws/laws.ts';
import { fakeHost } from '../support/fake-host.ts';

const PATH = '/sys/knob';
const OTHER = '/sys/other';
const Params = z.strictObject({ value: z.string(), list: z.array(z.string()) });
type Params = z.infer<typeof Params>;

/** A right module, and the parts in which a broken one differs from it. */
function moduleWith(broken: {
  reads?: (params: Params, seen: Seen) => Record<string, ReturnType<typeof file>>;
  plan?: (change: Change, params: Params, seen: Seen) => Plan;
}) {
  const module = defineModule({
    name: 'broken',
    summary: 'Set a knob.',
    params: Params,
    reads: broken.reads ?? (() => ({ knob: file(PATH), other: file(OTHER) })),
    plan: (params, seen) => {
      if (seen.text('knob')?.trim() === params.value) return NOTHING;
      const change = pokeKnob({ path: PATH, before: seen.raw('knob'), value: params.value, summary: 'knob' });
      return broken.plan?.(change, params, seen) ?? { changes: [change] };
    },
    examples: [],
  });
  const params = frozen({ value: 'on', list: ['a'] });
  return { module, params, host: () => fakeHost({ files: { [PATH]: 'off\n', [OTHER]: '1\n' } }) };
}

const calls = { plan: 0, reads: 0 };
const poke = (path: string, value: string) => ({ do: 'poke', path, value }) as const;
const withChange = (edit: (change: Change) => Change) =>
  moduleWith({ plan: (change) => ({ changes: [edit(change)] }) });

const broken: [law: string, what: string, subject: ReturnType<typeof moduleWith>][] = [
  [
    'the same input gives the same plan',
    'counts its calls',
    withChange((change) => ({ ...change, summary: `call ${calls.plan++}` })),
  ],
  [
    'the same input gives the same plan',
    'writes into its parameters',
    moduleWith({
      plan: (change, params) => {
        params.list.push('b');
        return { changes: [change] };
      },
    }),
  ],
  ['a plan is plain data', 'plans with a Date', withChange((change) => ({ ...change, summary: new Date(0) as never }))],
  ['a plan is plain data', 'plans with undefined', withChange((change) => ({ ...change, once: undefined as never }))],
  [
    'reads() is stable, and asks for no less when it has seen more',
    'names another probe each time',
    moduleWith({ reads: () => ({ knob: file(PATH), [`n${calls.reads++ % 3}`]: file(OTHER) }) }),
  ],
  [
    'reads() is stable, and asks for no less when it has seen more',
    'forgets a probe once it has been read',
    moduleWith({ reads: (_, seen) => ({ knob: file(PATH), ...(!seen.has('other') && { other: file(OTHER) }) }) }),
  ],
  [
    'every change moves a probe that was read',
    'aims at what it did not read',
    withChange((change) => ({ ...change, target: file('/sys/elsewhere') })),
  ],
  [
    'every change moves a probe that was read',
    'plans a change to what is there',
    withChange((change) => ({ ...change, after: change.before })),
  ],
  [
    '`before` is what was read',
    'makes up what was there',
    withChange((change) => ({ ...change, before: { is: 'text', text: 'auto\n' } })),
  ],
  ['`do` reaches `after`', 'writes something else', withChange((change) => ({ ...change, do: [poke(PATH, 'auto')] }))],
  [
    'nothing moves but what the change names',
    'writes to a second knob without a word',
    withChange((change) => ({ ...change, do: [...change.do, poke(OTHER, '2')] })),
  ],
  ['a second run changes nothing', 'never converges', withChange((change) => ({ ...change, do: [poke(PATH, 'On')] }))],
  [
    '`undo` returns to `before`',
    'writes a default back',
    withChange((change) => ({ ...change, undo: [poke(PATH, 'auto')] })),
  ],
  [
    '`undo` returns to `before`',
    'leaves a knob that it disturbed',
    withChange((change) => ({ ...change, disturbs: [file(OTHER)], do: [...change.do, poke(OTHER, '2')] })),
  ],
  [
    'what check foretells is what run does',
    'foretells what it does not do',
    withChange((change) => ({ ...change, after: { is: 'text', text: 'On\n' } })),
  ],
  [
    'a change that reboots is alone, an event, and says so',
    'reboots as if it were nothing',
    withChange((change) => ({ ...change, reboots: { boot: 'a', after: 2, seconds: 600, every: 5 } })),
  ],
  [
    'what is not there is not changed',
    'changes what it calls n/a',
    moduleWith({ plan: (change) => ({ changes: [change], na: 'no such knob' }) }),
  ],
];

describe('every law', () => {
  it.each(Object.entries(LAWS))('lets a right module pass: %s', async (_, law) => {
    await law(moduleWith({}));
  });

  it.each(broken)('can fail: "%s" catches a module that %s', async (law, _, subject) => {
    await expect(LAWS[law]?.(subject)).rejects.toThrow();
  });

  it('has a module that it catches', () => {
    expect([...new Set(broken.map(([law]) => law))].sort()).toEqual(Object.keys(LAWS).sort());
  });
});
