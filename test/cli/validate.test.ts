import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { makeSite } from './site.ts';

const right = '- hosts: all\n  tasks:\n    - debug: { msg: "{{ inventory_hostname }}" }\n';
const wrong = '- hosts: all\n  tasks:\n    - sysctl: { valuess: {} }\n      when: facts.memroy.total_kib > 1\n';

it('finds every mistake of every playbook in a folder at once, without an inventory', () => {
  const { kvmplay, write } = makeSite();
  write('a.yml', right);
  write('b.yml', wrong);
  write('vars.yml', 'hosts: 3\n');

  const said = kvmplay('validate');
  const document = JSON.parse(kvmplay('validate', '.', '--output', 'json').out);

  expect(said.status).toBe(5);
  expect(said.err).toMatch(/UnknownParameter[\s\S]*UnknownFact[\s\S]*2 mistakes found/);
  expect(document).toMatchObject({ schema: 'kvmplay.validate/1', playbooks: ['a.yml', 'b.yml'] });
  expect(document.mistakes.map(({ code, at }: { code: string; at: { line: number } }) => [code, at.line])).toEqual([
    ['UnknownParameter', 3],
    ['UnknownFact', 4],
  ]);
});

it("takes kvmplay's own modules for nobody's own, where its folder is the project's", () => {
  const { kvmplay } = makeSite();

  const { status, err } = kvmplay('validate', resolve(import.meta.dirname, '../..'));

  expect(err).toContain('NoPlaybook');
  expect(err).toContain('1 mistake found');
  expect(status).toBe(5);
});

it('is content with what is right, and looks at it as the hosts of an inventory would have it', () => {
  const { kvmplay, write } = makeSite();
  write('a.yml', right);
  write('b.yml', '- hosts: all\n  tasks:\n    - debug: { msg: "{{ size }}" }\n');

  expect(kvmplay('validate', 'a.yml')).toMatchObject({ status: 0, out: 'a.yml: no mistakes\n' });
  expect(kvmplay('validate', 'a.yml', 'b.yml', '-i', 'hosts')).toMatchObject({
    status: 5,
    err: expect.stringContaining('"size" is not defined'),
  });
});

it('says so where there is nothing to look at', () => {
  const { kvmplay } = makeSite();

  expect(kvmplay('validate')).toMatchObject({ status: 5, err: expect.stringContaining('NoPlaybook') });
});
