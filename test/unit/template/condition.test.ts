import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/source/diagnostic.ts';
import { parseYaml } from '../../../src/source/yaml.ts';
import { conditionMistakes, isUnknown, makeScope, type Scope, test, Unknown } from '../../../src/template/index.ts';

const at = { file: 'x.yml', line: 1, column: 1 };
const written = (text: string) => ({ kind: 'scalar', value: text, quoted: false, at, raw: text }) as const;
const scopeOf = (data: Readonly<Record<string, unknown>>): Scope => makeScope([]).with('data', data);

const outcome = (text: string, scope: Scope): unknown => {
  try {
    const answer = test(written(text), scope);
    return isUnknown(answer) ? `unknown: ${answer.because}` : answer;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.diagnostics.map(({ code, at, message }) => `${code} ${at?.column}+${at?.length} ${message}`).join();
  }
};

const scope = scopeOf({
  n: 10,
  f: 1.5,
  s: 'ten',
  e: '',
  l: [1, 2, 3],
  m: { a: 1, f: 1.5, nested: { k: 'v' } },
  i: 1,
  k: 'a',
  nothing: null,
  yes: true,
  u: new Unknown('u'),
  r: { known: true, out: new Unknown('r.out'), results: [{ ok: true }, { ok: new Unknown('r.results') }] },
});

describe('a condition', () => {
  it.each([
    // arithmetic and comparison, whole numbers and others mixed
    ['n == 10 && n == 10.0 && n > 9.5 && f < 2', true],
    ['n * f == 15.0 && f + 1 == 2.5 && n / 4 == 2 && n - f == 8.5', true],
    ['n - (2 - 1) == 9', true],
    ['n == (n)', true],
    ['-(n) == -10 && (n - 4) * 2 == 12', true],
    ['n % 3 == 1', true],
    // texts
    ['s == "ten" && s != \'eleven\' && s + "s" == "tens"', true],
    ['s.startsWith("t") && s.endsWith("n") && s.contains("e") && size(s) == 3', true],
    ['"T" + s.lowerAscii() == "Tten"', true],
    ['s == "a\\nb"', false],
    ['int("5") == 5 && string(n) == "10" && double("1.5") == f', true],
    ['"te" in s && !("x" in s)', true],
    ['bool("yes") && bool("True") && bool(i) && !bool("off") && bool(true)', true],
    // patterns, in linear time
    ['s.matches("^t.n$")', true],
    ['regex_search(s, "e")', true],
    ['(s + "x").matches("x$")', true],
    // lists and mappings
    ['1 in l && !(4 in l) && "a" in m && !("b" in m)', true],
    ['l[0] == 1 && l[i] == 2 && l[i + 1] == 3', true],
    ['m["a"] == 1 && m[k] == 1 && m.nested["k"] == "v"', true],
    ['size(l) == 3 && size(m) == 3', true],
    ['l == [1, 2, 3] && m.nested == {"k": "v"}', true],
    ['l.exists(x, x > 2) && l.all(x, x < n) && l.exists_one(x, x == i)', true],
    ['l.filter(x, x > i).map(x, x * 2) == [4, 6]', true],
    ['l.map(x, {"v": x}).all(o, has(o.v) && o.v > 0)', true],
    ['l.all(x, m[k] == 1)', true],
    ['[m, {"a": 1}].all(o, o.a == 1)', true],
    // what is there
    ['defined(n) && !defined(missing) && !defined(m.zz) && !defined(m.zz.deep) && !defined(missing.deep)', true],
    ['defined(l[2]) && !defined(l[3]) && defined(m[k])', true],
    ['defined(n) == true && defined(missing) == false', true],
    ['has(m.a) && !has(m.zz)', true],
    ['nothing == null && defined(nothing)', true],
    // choice
    ['(n > 5 ? s : e) == "ten"', true],
    ['n > 5 ? yes : missing', true],
    // nothing is looked at that does not matter
    ['yes || missing', true],
    ['!yes && missing', false],
  ])('%s is %s', (text, expected) => {
    expect(outcome(text, scope)).toBe(expected);
  });

  it.each([
    ['u', 'unknown: u'],
    ['!u', 'unknown: u'],
    ['u && false', false],
    ['false && u', false],
    ['u || true', true],
    ['u || false', 'unknown: u'],
    ['u == 3 && n == 10', 'unknown: u'],
    ['u == 3 && n == 11', false],
    ['u ? true : false', 'unknown: u'],
    ['yes ? yes : u', true],
    ['r.known', true],
    ['r.out == "x"', 'unknown: r.out'],
    ['r["out"] == "x"', 'unknown: r.out'],
    ['r.out.deeper == "x"', 'unknown: r.out'],
    ['r.results[0].ok', true],
    ['r.results[1].ok', 'unknown: r.results'],
    ['r.results.all(x, x.ok)', 'unknown: r.results'],
    ['size(r.results) == 2', 'unknown: r.results'],
    ['l[u] == 1', 'unknown: u'],
    ['defined(u) || true', true],
    ['defined(r.out)', 'unknown: r.out'],
    ['r.known && r.out == "x"', 'unknown: r.out'],
  ])('%s, where something is not known, is %s', (text, expected) => {
    expect(outcome(text, scope)).toBe(expected);
  });

  it.each([
    ['missing == 1', 'UndefinedVariable 1+7 "missing" is not defined'],
    ['n == 10 && mm.a == 1', 'UndefinedVariable 12+2 "mm" is not defined'],
    ['n == 10 && m.zz == 1', 'UndefinedVariable 12+4 "m" has no "zz"'],
    ['m.nested.zz.y == 1', 'UndefinedVariable 1+11 "m.nested" has no "zz"'],
    ['m[s] == 1', 'UndefinedVariable 1+4 "m" has no "ten"'],
    ['l[3] == 1', 'UndefinedVariable 1+4 "l" has no 3'],
    ['l["length"] == 3', 'UndefinedVariable 1+11 "l" has no "length"'],
    ['m.constructor == 1', 'UndefinedVariable 1+13 "m" has no "constructor"'],
    ['s.length == 3', 'UndefinedVariable 1+8 "s" has no "length"'],
    ['n', 'NotACondition 1+1 this is the number 10, and not true or false'],
    ['yes && s', 'NotACondition 8+1 this is the text "ten", and not true or false'],
    ['!l', 'NotACondition 2+1 this is a list, and not true or false'],
    ['s > 1', expect.stringMatching(/^ConditionFailed 1\+5 no such overload/)],
    ['yes && n / 0 == 1', expect.stringMatching(/^ConditionFailed 8\+10 division by zero/)],
    ['s.matches(e + "(")', expect.stringMatching(/^BadPattern 1\+/)],
    // before any host is known
    ['n ==', expect.stringMatching(/^ConditionSyntax /)],
    ['frobnicate(n)', expect.stringMatching(/^ConditionSyntax 1\+13 .*frobnicate/)],
    ['s.matches("(a")', expect.stringMatching(/^BadPattern 11\+4 this pattern cannot be read/)],
    ['s.matches("a(?=b)")', expect.stringMatching(/^BadPattern/)],
    ['l.all(a, l.all(b, l.all(c, l.all(d, true))))', expect.stringMatching(/^ConditionTooDeep 28\+/)],
    [`${'('.repeat(5000)}n`, expect.stringMatching(/^ConditionSyntax/)],
    [`[${'1,'.repeat(5000)}1] == l`, expect.stringMatching(/^ConditionSyntax/)],
    [`${'n == 1 || '.repeat(5000)}true`, expect.stringMatching(/^ConditionSyntax/)],
  ])('%.60s is refused where it is wrong', (text, expected) => {
    expect(outcome(text, scope)).toEqual(expected);
  });

  it.each([
    ['a and b', 3, 'write `a && b`'],
    ['a or b', 3, 'write `a || b`'],
    ['not a', 1, 'write `!a`'],
    ['a not in b', 3, 'write `!(a in b)`'],
    ['a is defined', 3, 'write `defined(a)`'],
    ['a is not defined', 3, 'write `!defined(a)`'],
    ['a is changed', 3, 'write `a.changed`'],
    ['a is succeeded', 3, 'write `!a.failed`'],
    ['a is match("x")', 3, 'write `a.matches("^(x)")`'],
    ['a is even', 3, 'write `a % 2 == 0`'],
    ['a is iterable', 3, 'CEL has no tests: compare with ==, !=, <, >, or `in`'],
    ['a && b is defined', 8, 'write `defined(name)`'],
    ['a == True', 6, 'write `a == true`'],
    ['a == False', 6, 'write `a == false`'],
    ['a == None', 6, 'write `a == null`'],
    ['a == none', 6, 'write `a == null`'],
    ['a // 2 > 1', 3, 'write `a / 2 > 1`'],
    ['"{{ a }}" == b', undefined, undefined],
    ['{{ a }}', 1, 'write it without {{ }}: `a`'],
    ['a | length > 0', 3, 'write `size(a) > 0`'],
    ['a | int > 0', 3, 'write `int(a) > 0`'],
    ['a | default(false)', 3, 'write `defined(a) ? a : false`'],
    ['a | upper == "X"', 3, 'write `a.upperAscii() == "X"`'],
    ['a | sort == b', 3, 'CEL has no filters: size(x), int(x), string(x), x.startsWith("…")'],
    ['a = 1', 3, 'write `==`'],
    ["a == ('x' + 1)", 7, 'convert with int(…), double(…) or string(…) first'],
    ['has(a)', 5, 'write `defined(name)`'],
    ['"a and b" == c', undefined, undefined],
  ])('says how CEL writes %s', (text, column, hint) => {
    const [found] = conditionMistakes(written(text));
    expect([found?.at?.column, found?.hint]).toEqual([column, hint]);
  });

  it('says where in the YAML file it is wrong', () => {
    const node = parseYaml('- when: >\n    n == 10 &&\n    missing\n', 'site.yml');
    const when = node.kind === 'list' && node.items[0]?.kind === 'map' ? node.items[0].entries[0]?.value : undefined;
    if (when?.kind !== 'scalar') throw new Error('the case holds a condition');
    try {
      test(when, scope);
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).diagnostics).toMatchObject([
        { at: { file: 'site.yml', line: 3, column: 5, length: 7 } },
      ]);
    }
  });

  it('looks at nothing of a variable but what is named', () => {
    const trap = {
      get other(): never {
        throw new Error('looked at');
      },
      wanted: 1,
    };
    expect(outcome('big.wanted == 1 && big["wanted"] == 1', scopeOf({ big: trap }))).toBe(true);
  });

  it('ends on a pattern that makes others hang', () => {
    expect(outcome('s.matches("^(a+)+$")', scopeOf({ s: `${'a'.repeat(50_000)}!` }))).toBe(false);
  });

  it('does not compute with what is too large', () => {
    const large = { l: Array.from({ length: 200_000 }, (_, index) => index) };
    expect(outcome('l.all(x, x >= 0)', scopeOf(large))).toMatch(/^ValueTooLarge 1\+1/);
  });
});

describe('the logic of conditions', () => {
  const U = new Unknown('u');
  type Kleene = boolean | Unknown;
  const not = (a: Kleene): Kleene => (isUnknown(a) ? a : !a);
  const and = (a: Kleene, b: Kleene): Kleene => (a === false || b === false ? false : isUnknown(a) ? a : b);
  const or = (a: Kleene, b: Kleene): Kleene => (a === true || b === true ? true : isUnknown(a) ? a : b);
  const values = { t: true, f: false, u: U } as const;

  const expression: fc.Memo<{ text: string; value: Kleene }> = fc.memo((depth) => {
    const leaf = fc.constantFrom(
      ...Object.entries(values).flatMap(([name, value]) => [
        { text: name, value: value as Kleene },
        { text: `(${name} == true)`, value: value as Kleene },
        { text: `m.${name}`, value: value as Kleene },
      ]),
    );
    if (depth <= 1) return leaf;
    const inner = expression(depth - 1);
    return fc.oneof(
      leaf,
      inner.map((a) => ({ text: `!(${a.text})`, value: not(a.value) })),
      fc.tuple(inner, inner).map(([a, b]) => ({ text: `(${a.text} && ${b.text})`, value: and(a.value, b.value) })),
      fc.tuple(inner, inner).map(([a, b]) => ({ text: `(${a.text} || ${b.text})`, value: or(a.value, b.value) })),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => ({
        text: `(${a.text} ? ${b.text} : ${c.text})`,
        value: isUnknown(a.value) ? a.value : a.value ? b.value : c.value,
      })),
    );
  });

  it("is Kleene's", () => {
    fc.assert(
      fc.property(expression(5), ({ text, value }) => {
        expect(test(written(text), scopeOf({ ...values, m: values }))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('is never wrong about what is not known: no way of knowing it changes the answer', () => {
    fc.assert(
      fc.property(expression(5), fc.boolean(), ({ text }, learned) => {
        const before = test(written(text), scopeOf({ ...values, m: values }));
        const after = { ...values, u: learned };
        if (!isUnknown(before)) expect(test(written(text), scopeOf({ ...after, m: after }))).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});
