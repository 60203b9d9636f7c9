import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { zodDiagnostics } from '../../../src/playbook/zod-diagnostics.ts';
import { toData } from '../../../src/source/node.ts';
import { parseYaml } from '../../../src/source/yaml.ts';

const Schema = z
  .strictObject({
    name: z.string(),
    mode: z.string().optional(),
    count: z.number().min(1).optional(),
    on: z.boolean().optional(),
    state: z.enum(['present', 'absent']).prefault('present'),
    either: z.union([z.string(), z.number(), z.boolean()]).optional(),
    said: z.union([z.boolean(), z.literal('auto')], { error: 'expected true, false or auto' }).optional(),
    shape: z.union([z.string(), z.strictObject({ size: z.number(), unit: z.string() })]).optional(),
    many: z.record(z.string().regex(/^\w+$/, 'expected a word'), z.number()).optional(),
    list: z.array(z.strictObject({ cpu: z.int(), node: z.int().optional() })).optional(),
    nested: z.strictObject({ pages_to_scan: z.number().optional() }).prefault({}),
  })
  .superRefine((value, context) => {
    if (value.count === 13) context.addIssue({ code: 'custom', path: ['count'], message: 'not thirteen' });
    if (value.mode === 'x') context.addIssue({ code: 'custom', path: [], message: 'expected another `mode`' });
  });

function said(yaml: string): string[] {
  const node = parseYaml(yaml, 'x.yml');
  const parsed = Schema.safeParse(toData(node));
  if (parsed.success) return [];
  return zodDiagnostics(parsed.error, node, Schema).map(
    ({ code, at, message, hint }) => `${code} ${at?.line}:${at?.column} ${message}${hint ? ` (${hint})` : ''}`,
  );
}

describe('zodDiagnostics', () => {
  it.each([
    ['{}', 'MissingParameter 1:1 the parameter "name" is missing (add name: …)'],
    ['name: 5', 'BadParameter 1:7 name: expected a text, not the number 5 (write "5" in quotes)'],
    ['name: 1.10', 'BadParameter 1:7 name: expected a text, not the number 1.1 (write "1.10" in quotes)'],
    ['name: [x]', 'BadParameter 1:7 name: expected a text, not a list'],
    ['name:', 'BadParameter 1:6 name: expected a text, not nothing'],
    ['name: x\ncont: 1', 'UnknownParameter 2:1 there is no parameter "cont" (did you mean "count"?)'],
    [
      'name: x\nfrobnicate: 1',
      'UnknownParameter 2:1 there is no parameter "frobnicate" (known here: name, mode, count, on, state, either, said, shape, many, list, nested)',
    ],
    // what Ansible has, by its name here or with what to do instead
    ['pkg: x', 'UnknownParameter 1:1 there is no parameter "pkg" (write name)'],
    ['name: x\nwarn: no', 'UnknownParameter 2:1 there is no parameter "warn" (leave it out)'],
    [
      'name: x\nbackup: yes',
      'UnknownParameter 2:1 there is no parameter "backup" (leave it out: the journal keeps what was there before, for kvmplay rollback)',
    ],
    [
      'name: x\nnested: {pages_to_scn: 1}',
      'UnknownParameter 2:10 there is no parameter "pages_to_scn" (did you mean "pages_to_scan"?)',
    ],
    [
      'name: x\nlist: [{cpu: 1}, {cpus: 1, cpu: 2}]',
      'UnknownParameter 2:19 there is no parameter "cpus" (did you mean "cpu"?)',
    ],
    [
      'name: x\nlist: [{cpu: 1}, {node: 1}]',
      'MissingParameter 2:18 the parameter "list.1.cpu" is missing (add list.1.cpu: …)',
    ],
    ['name: x\nlist: [{cpu: 1.5}]', 'BadParameter 2:14 list.0.cpu: expected a whole number, not the number 1.5'],
    ['name: x\non: yes', 'BadParameter 2:5 on: expected true or false, not the text "yes" (write true)'],
    ['name: x\ncount: "7"', 'BadParameter 2:8 count: expected a number, not the text "7" (write it without quotes)'],
    ['name: x\ncount: 0', 'BadParameter 2:8 count: too small: expected number to be >=1'],
    ['name: x\ncount: 13', 'BadParameter 2:8 count: not thirteen'],
    ['name: x\nmode: x', 'BadParameter 1:1 expected another `mode`'],
    [
      'name: x\nstate: presnet',
      'BadParameter 2:8 state: expected "present" or "absent", not the text "presnet" (did you mean "present"?)',
    ],
    ['name: x\neither: [1]', 'BadParameter 2:9 either: expected a text, a number or true or false, not a list'],
    ['name: x\nsaid: maybe', 'BadParameter 2:7 said: expected true, false or auto'],
    ['name: x\nshape: {size: 1}', 'MissingParameter 2:8 the parameter "shape.unit" is missing (add shape.unit: …)'],
    [
      'name: x\nshape: {size: 1, unit: k, uint: k}',
      'UnknownParameter 2:27 there is no parameter "uint" (did you mean "unit"?)',
    ],
    ['name: x\nmany: {a-b: 1}', 'BadParameter 2:8 many.a-b: expected a word'],
    ['name: x\nmany: {ab: x}', 'BadParameter 2:12 many.ab: expected a number, not the text "x"'],
    ['x', 'BadParameter 1:1 expected a mapping, not the text "x"'],
  ])('says of %j where and what', (yaml, expected) => {
    expect(said(yaml)).toEqual([expected]);
  });

  it('says nothing of what is missing where a parameter is misspelt', () => {
    expect(said('name: x\nmode: x\nnmae: y')).toEqual([
      'UnknownParameter 3:1 there is no parameter "nmae" (did you mean "name"?)',
    ]);
  });

  it('says all of it', () => {
    expect(said('strange: x\ncount: x')).toHaveLength(3);
    // What was written under a misspelt name is not missing.
    expect(said('nmae: x\ncount: x')).toHaveLength(2);
  });

  it('does not say what a secret is', () => {
    const node = parseYaml('name: x\ncount: !vault hunter2', 'x.yml');
    const parsed = Schema.safeParse(toData(node));

    expect(JSON.stringify(parsed.success ? [] : zodDiagnostics(parsed.error, node))).not.toContain('hunter2');
  });

  it('says that a template gave what was not expected', () => {
    const node = parseYaml('name: x\ncount: "{{ n }}"\nlist: "{{ l }}"', 'x.yml');
    const parsed = Schema.safeParse({ name: 'x', count: 'seven', list: [{ cpu: 'a' }] });

    expect(parsed.success ? [] : zodDiagnostics(parsed.error, node).map(({ message }) => message)).toEqual([
      'count: expected a number, not what this template gives',
      'list.0.cpu: expected a number, not what this template gives',
    ]);
  });
});
