import { beforeAll, describe, expect, it } from 'vitest';
import { LAWS } from '../../src/laws/laws.ts';
import { makeSite } from './site.ts';

interface Parts {
  readonly reads?: string;
  /** What becomes of a right change. */
  readonly plan?: string;
}

/** A module as a user writes it, right in all that is not given otherwise. */
const moduleSource = (name: string, { reads, plan }: Parts): string => `
import { defineModule, file, NOTHING, pokeKnob, z, type Change } from 'kvmplay';

const KNOB = '/sys/knob';
const OTHER = '/sys/other';
const counted = { plan: 0, reads: 0 };
const poke = (path: string, value: string) => ({ do: 'poke', path, value }) as const;

export const ${name} = defineModule({
  name: '${name}',
  summary: 'Set a knob.',
  params: z.strictObject({ value: z.string().describe('What it is to be.'), list: z.array(z.string()) }),
  reads: (params, seen) => (${reads ?? '{ knob: file(KNOB), other: file(OTHER) }'}),
  plan(params, seen) {
    if (seen.text('knob')?.trim() === params.value) return NOTHING;
    const change: Change = pokeKnob({ path: KNOB, before: seen.raw('knob'), value: params.value, summary: 'knob' });
    ${plan ?? 'return { changes: [change] };'}
  },
  examples: [
    { title: 'Switch it on', params: { value: 'on', list: ['a'] }, host: { [KNOB]: 'off\\n', [OTHER]: '1\\n' } },
  ],
});
`;
/** Where the title of its example stands, and what becomes of the change. */
const [EXAMPLE_LINE, PLAN_LINE] = [20, 17];

const changed = (edit: string): Parts => ({ plan: `return { changes: [{ ...change, ${edit} }] } as never;` });

/** By the module's name: what it does wrong, the law that says so, and what is told of it. */
const BROKEN: Readonly<Record<string, readonly [parts: Parts, law: string, told: string]>> = {
  counts: [
    changed('summary: "call " + counted.plan++'),
    'the same input gives the same plan',
    'changes[0].summary: expected "call ',
  ],
  writes: [
    { plan: "params.list.push('b'); return { changes: [change] };" },
    'the same input gives the same plan',
    'it threw TypeError: Cannot add property 1, object is not extensible',
  ],
  dates: [
    changed('summary: new Date(0)'),
    'a plan is plain data',
    'changes[0].summary: expected "1970-01-01T00:00:00.000Z", found the Date 1970-01-01T00:00:00.000Z',
  ],
  unstable: [
    { reads: '{ knob: file(KNOB), ["n" + (counted.reads++ % 3)]: file(OTHER) }' },
    'reads() is stable, and asks for no less when it has seen more',
    'found',
  ],
  elsewhere: [
    changed("target: file('/sys/elsewhere')"),
    'every change moves a probe that was read',
    'knob: expected "a target that reads() names", found "file /sys/elsewhere"',
  ],
  still: [
    changed('after: change.before'),
    'every change moves a probe that was read',
    'expected "an after that is not before"',
  ],
  invents: [
    changed("before: { is: 'text', text: 'auto\\n' }"),
    '`before` is what was read',
    'knob, text: expected "off\\n", found "auto\\n"',
  ],
  misses: [
    changed("do: [poke(KNOB, 'auto')]"),
    '`do` reaches `after`',
    'knob, text: expected "on\\n", found "auto\\n"',
  ],
  silent: [
    changed("do: [...change.do, poke(OTHER, '2')]"),
    'nothing moves but what the change names',
    'moved by "knob", which does not say so',
  ],
  restless: [
    changed("do: [poke(KNOB, 'On')]"),
    'a second run changes nothing',
    '[0]: expected nothing, found {"target',
  ],
  forgetful: [
    changed("undo: [poke(KNOB, 'auto')]"),
    '`undo` returns to `before`',
    'text: expected "off\\n", found "auto\\n"',
  ],
  foretells: [
    changed("after: { is: 'text', text: 'On\\n' }"),
    'what check foretells is what run does',
    'still to do on what was foretold',
  ],
  lively: [
    changed("reboots: { boot: 'a', after: 0, seconds: 1, every: 1 }"),
    'a change that reboots is alone, an event, and says so',
    'which reboots',
  ],
  absent: [
    { plan: "return { changes: [change], na: 'no such knob' };" },
    'what is not there is not changed',
    'not there: no such knob, [0]: expected nothing',
  ],
};

interface Document {
  readonly playbooks: readonly string[];
  readonly roles: readonly string[];
  readonly modules: readonly string[];
  readonly templates: readonly string[];
  readonly untried: readonly string[];
  readonly mistakes: readonly {
    readonly code: string;
    readonly message: string;
    readonly at?: { readonly file: string; readonly line: number };
  }[];
}

const validated = ({ kvmplay }: ReturnType<typeof makeSite>, ...args: string[]) => {
  const { status, out, err } = kvmplay('validate', '--output', 'json', ...args);
  return { status, err, ...(JSON.parse(out) as Document) };
};

describe('the laws', () => {
  let said: ReturnType<typeof validated>;
  beforeAll(() => {
    const site = makeSite();
    for (const [name, [parts]] of Object.entries(BROKEN)) site.write(`modules/${name}.ts`, moduleSource(name, parts));
    said = validated(site);
  });

  it.each(Object.entries(BROKEN))(
    'name a module that breaks one, its example, and what there is: %s',
    (name, [, law, told]) => {
      const message = `the module "${name}", on its example "Switch it on": ${law}: `;

      const [mistake] = said.mistakes.filter((one) => one.message.startsWith(message));

      expect(mistake).toMatchObject({ code: 'LawBroken', message: expect.stringContaining(told) });
      expect(mistake?.at?.file).toMatch(new RegExp(`modules/${name}\\.ts$`));
      expect(mistake?.at?.line).toBe(name === 'writes' ? PLAN_LINE : EXAMPLE_LINE);
      expect(said.status).toBe(5);
    },
  );

  it('have each a module here that breaks it', () => {
    expect([...new Set(Object.values(BROKEN).map(([, law]) => law))].sort()).toEqual(Object.keys(LAWS).sort());
  });

  it('are kept by a module that is right, which is said', () => {
    const site = makeSite();
    site.write('modules/right.ts', moduleSource('right', {}));

    const done = site.kvmplay('validate');

    expect(done).toEqual({ status: 0, err: '', out: 'modules/right.ts: no mistakes\n' });
  });

  it('are said not to have been tried where the host in memory cannot do what a module does', () => {
    const site = makeSite();
    const exec = changed("do: [{ do: 'exec', argv: ['lvextend', 'vg/lv'] }]");
    site.write('modules/grows.ts', moduleSource('grows', exec));

    const { status, untried } = validated(site);

    expect(status).toBe(0);
    expect(untried).toEqual(['the module "grows", on its example "Switch it on": lvextend: not found']);
  });

  it('look at modules of one playbook, too, and at those of its roles', () => {
    const site = makeSite();
    site.write('play.yml', '- hosts: all\n  roles: [tuned]\n');
    site.write('roles/tuned/tasks/main.yml', '- misses: { value: "on", list: [] }\n');
    site.write('roles/tuned/modules/misses.ts', moduleSource('misses', BROKEN.misses?.[0] ?? {}));

    const { status, mistakes } = validated(site, 'play.yml');

    expect(status).toBe(5);
    expect(mistakes[0]?.message).toContain('`do` reaches `after`');
  });
});

describe('a folder that has no playbook', () => {
  it('has its roles, their modules and all templates looked at', () => {
    const site = makeSite();
    site.write(
      'roles/web/tasks/main.yml',
      '- sysctl: { valuess: {} }\n- sing: {}\n- debug: { msg: "{{ of_the_play }}" }\n  notify: of the play\n',
    );
    site.write('roles/web/modules/hum.ts', 'export const hum = 1;\n');
    site.write('roles/web/templates/a/b.conf.hbs', 'one\n{{ uper name }}\n');
    site.write('roles/web/templates/ok.hbs', '{{#each list}}{{ this }}{{/each}}\n');
    site.write('templates/c.hbs', '{{#if x}}\n');

    const { status, roles, templates, modules, mistakes } = validated(site);

    expect(status).toBe(5);
    expect({ roles, modules, templates }).toEqual({
      roles: ['roles/web'],
      modules: ['roles/web/modules/hum.ts'],
      templates: ['templates/c.hbs', 'roles/web/templates/a/b.conf.hbs', 'roles/web/templates/ok.hbs'],
    });
    const told = mistakes.map(({ code, at }) => `${code} ${at?.file.split('/').at(-1)}:${at?.line}`);
    expect(told.sort()).toEqual([
      'BadModule hum.ts:1',
      'TemplateSyntax c.hbs:1',
      'UnknownHelper b.conf.hbs:2',
      'UnknownModule main.yml:2',
      'UnknownParameter main.yml:1',
    ]);
  });

  it('is right where all in it is, the folder of one role, too', () => {
    const site = makeSite();
    site.write('roles/web/tasks/main.yml', '- right: { value: "on", list: [] }\n');
    site.write('roles/web/modules/right.ts', moduleSource('right', {}));

    const done = [site.kvmplay('validate'), site.kvmplay('validate', 'roles/web'), site.kvmplay('validate', 'roles')];

    const out = 'roles/web: no mistakes\nroles/web/modules/right.ts: no mistakes\n';
    expect(done).toEqual(done.map(() => ({ status: 0, err: '', out })));
  });
});
