import type { Scalar } from './node.ts';

/**
 * `1.2`: the YAML 1.2 core schema, as playbooks are read. `1.1`: as PyYAML reads, and so Ansible: `yes`, `0755`,
 * `1_000`, `190:20:30`.
 */
export type Dialect = '1.1' | '1.2';

type Value = Scalar['value'];
type Rule = readonly [pattern: RegExp, value: (text: string) => Value];

const NULL: Rule = [/^(?:~|null|Null|NULL|)$/, () => null];
const INFINITY: Rule = [/^[-+]?\.(?:inf|Inf|INF)$/, (text) => (text.startsWith('-') ? -Infinity : Infinity)];
const NAN: Rule = [/^\.(?:nan|NaN|NAN)$/, () => Number.NaN];

/** https://yaml.org/spec/1.2.2/#1032-tag-resolution */
const CORE: readonly Rule[] = [
  NULL,
  [/^(?:true|True|TRUE|false|False|FALSE)$/, (text) => text.toLowerCase() === 'true'],
  [/^[-+]?[0-9]+$/, integer],
  [/^0o[0-7]+$/, integer],
  [/^0x[0-9a-fA-F]+$/, integer],
  [/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/, Number],
  INFINITY,
  NAN,
];

/** PyYAML's resolver and constructor; unlike YAML 1.1 itself it takes neither `y` nor `n`. */
const PYYAML: readonly Rule[] = [
  NULL,
  [
    /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    (text) => /^(?:yes|true|on)$/i.test(text),
  ],
  [/^[-+]?0b[01_]+$/, integer],
  [/^[-+]?0x[0-9a-fA-F_]+$/, integer],
  [/^[-+]?0[0-7_]+$/, (text) => integer(text.replace(/^([-+]?)0/, '$10o'))],
  [/^[-+]?(?:0|[1-9][0-9_]*)$/, integer],
  [/^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/, sexagesimal],
  [/^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/, (text) => Number(text.replaceAll('_', ''))],
  [/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/, sexagesimal],
  INFINITY,
  NAN,
];

/** What an unquoted scalar means. */
export function resolvePlain(text: string, dialect: Dialect): Value {
  const rules = dialect === '1.1' ? PYYAML : CORE;
  return (rules.find(([pattern]) => pattern.test(text))?.[1] ?? String)(text);
}

function integer(text: string): number | bigint {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  // Converting takes quadratic time, and no integer anybody means is longer.
  if (digits.length > 1000) return Infinity;
  const big = BigInt(digits === '0o' ? '0' : digits) * (text.startsWith('-') ? -1n : 1n);
  const number = Number(big);
  return Number.isSafeInteger(number) ? number : big;
}

function sexagesimal(text: string): number {
  const places = text.replaceAll('_', '').replace(/^[-+]/, '').split(':');
  const sum = places.reduce((total, place) => total * 60 + Number(place), 0);
  return text.startsWith('-') ? -sum : sum;
}
