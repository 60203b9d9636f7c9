import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../../src/source/diagnostic.ts';
import { makeScope, Unknown } from '../../../src/template/index.ts';
import { levelOf } from './support.ts';

const at = { file: 'x.yml', line: 1, column: 1 };
const LEVELS = ['role defaults', 'group', 'host', 'play', 'task', 'register and set_fact', 'extra'];

describe('a scope', () => {
  it('lets the strongest level win and knows what it overrode, whatever the levels bind', () => {
    const bindings = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer()), {
      minLength: 7,
      maxLength: 7,
    });
    fc.assert(
      fc.property(bindings, (given) => {
        const scope = makeScope(given.map((vars, index) => levelOf(LEVELS[index] ?? '', JSON.stringify(vars))));
        for (const name of ['a', 'b', 'c']) {
          const binding = LEVELS.filter((_, index) => Object.hasOwn(given[index] ?? {}, name)).reverse();
          expect(scope.find(name).map(({ level }) => level)).toEqual(binding);
          expect(scope.has(name)).toBe(binding.length > 0);
          const strongest = given.findLast((vars) => Object.hasOwn(vars, name));
          if (strongest) expect(scope.lookup(name, at)).toBe(strongest[name]);
        }
      }),
    );
  });

  it('evaluates what a variable refers to where it is looked up, in any order', () => {
    const scope = makeScope([
      levelOf('group', 'show: "{{ n }} of {{ all }}"\nall: "{{ more }}"\nn: 1'),
      levelOf('host', 'n: 2\nmore: 3'),
    ]);

    expect(scope.lookup('show', at)).toBe('2 of 3');
  });

  it('evaluates a variable once', () => {
    let reads = 0;
    const data = {
      get value() {
        reads += 1;
        return reads;
      },
    };
    const scope = makeScope([
      { name: 'magic', vars: new Map([['m', { data }]]) },
      levelOf('play', 'v: "{{ m.value }}"\nw: "{{ v }}{{ v }}"'),
    ]);

    expect(scope.lookup('w', at)).toBe('11');
  });

  it.each([
    ['a: "{{ b }}"\nb: "{{ c }}"\nc: "{{ a }}"', 'a → b → c → a'],
    ['a: "x{{ a }}"', 'a → a'],
    ['a: "{{#if b}}{{/if}}"\nb: ["{{ c.d }}"]\nc: {d: "{{upper b}}"}', 'b → c → b'],
  ])('shows the circle in %j', (yaml, circle) => {
    const scope = makeScope([levelOf('play', yaml)]);
    const look = () => scope.lookup('a', at);

    expect(look).toThrow(`defined by itself: ${circle}`);
    // and says the same again
    expect(look).toThrow(`defined by itself: ${circle}`);
  });

  it('says where a circle closes', () => {
    try {
      makeScope([levelOf('play', 'a: "{{ b }}"\nb: "{{ a }}"')]).lookup('a', at);
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).diagnostics).toMatchObject([
        { code: 'VariableCycle', at: { file: 'play.yml', line: 2, column: 8 } },
      ]);
    }
  });

  it('puts bindings of its own on top, such as those of a loop, as data', () => {
    const scope = makeScope([levelOf('play', 'item: 1\nshow: "{{ item }}"')]);
    const inner = scope.with('loop', { item: '{{ show }}' });

    expect(inner.lookup('show', at)).toBe('{{ show }}');
    expect(inner.find('item').map(({ level }) => level)).toEqual(['loop', 'play']);
    expect(scope.lookup('show', at)).toBe(1);
  });

  it('hands on what is not known', () => {
    expect(
      makeScope([])
        .with('memory', { u: new Unknown('task') })
        .lookup('u', at),
    ).toEqual(new Unknown('task'));
  });

  it('says what was meant by a name that is not there', () => {
    try {
      makeScope([levelOf('play', 'swappiness: 1')]).lookup('swapiness', at);
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).diagnostics).toMatchObject([
        { code: 'UndefinedVariable', at, hint: 'did you mean "swappiness"?' },
      ]);
    }
  });
});
