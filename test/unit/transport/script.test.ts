import { describe, expect, test } from 'vitest';
import type { Action, Problem } from '../../../src/contract/index.ts';
import { actionScript } from '../../../src/transport/action-script.ts';
import { refusalIn } from '../../../src/transport/errno.ts';
import { globSteps, quotePattern } from '../../../src/transport/probe-script.ts';
import { quote } from '../../../src/transport/quote.ts';

test.each([
  ['', "''"],
  ['plain', "'plain'"],
  ["it's", "'it'\\''s'"],
  ['$(x) `y` "z" \\\n', '\'$(x) `y` "z" \\\n\''],
])('quotes %j', (value, quoted) => {
  expect(quote(value)).toBe(quoted);
});

test.each([
  ['/a/b', "'/a/b'", ['/a/b']],
  ['/a b/*', "'/a b/'*", ['/a b', '*', '']],
  ['/*/b/c?/$(d)', "'/'*'/b/c'?'/$(d)'", ['', '*', '/b', 'c?', '/$(d)']],
  ['/[a-z]*', "'/'['a'-'z']*", ['', '[a-z]*', '']],
  ['/[!`x`]\\*', "'/'[!'`x`']'\\'*", ['', '[!`x`]\\\\*', '']],
])('leaves of the pattern %j only what makes it one unquoted', (pattern, quoted, steps) => {
  expect(quotePattern(pattern)).toBe(quoted);
  expect(globSteps(pattern)).toEqual(steps);
});

describe('an action that cannot be sent is refused before anything is, without its value', () => {
  const path = '/etc/x';
  test.each<[string, Action, string]>([
    ['a NUL in a path', { do: 'remove', path: '/etc/\0' }, 'a NUL byte cannot stand in it'],
    ['a relative path', { do: 'mkdir', path: 'etc' }, 'a path has to be absolute'],
    ['a NUL in a value', { do: 'poke', path, value: 'secret\0' }, 'a NUL byte cannot stand in it'],
    ['half a character', { do: 'write', path, content: 'secret\ud800' }, 'its content is malformed'],
    ['no base64', { do: 'write', path, content: { base64: 'secret!' } }, 'its content is malformed'],
    ['a mode in words', { do: 'own', path, mode: 'u+s' }, '"u+s" is no mode in octal'],
    ['an owner and more', { do: 'own', path, owner: 'root:secret' }, '"root:secret" is no user or group name'],
    ['a link to nothing', { do: 'link', path, to: '' }, 'a link has to point somewhere'],
    ['no command', { do: 'exec', argv: [] }, 'there is no command'],
    ['a NUL in an argument', { do: 'exec', argv: ['echo', 'secret\0'] }, 'a NUL byte cannot stand in it'],
    [
      'a huge argument',
      { do: 'exec', argv: ['echo', 'x'.repeat(131_072)] },
      '131072 bytes are too long, Linux takes no more than 131071',
    ],
    [
      'a time limit of nothing',
      { do: 'exec', argv: ['true'], timeout: 0 },
      'its time limit is not a number of seconds',
    ],
  ])('%s', (_, action, why) => {
    let problem: Problem | undefined;
    try {
      actionScript([{ do: 'remove', path }, action]);
    } catch (error) {
      problem = error as Problem;
    }

    expect(problem).toMatchObject({ code: 'BadAction', message: expect.stringMatching(/^cannot [a-z]/) });
    expect(problem?.message.endsWith(why)).toBe(true);
    if (!why.includes('secret')) expect(problem?.message).not.toContain('secret');
  });
});

test.each([
  ["dd: error writing '/sys/x': Invalid argument\n0+1 records in\n", 'EINVAL'],
  ["0+1 records in\ndd: failed to open '/a: b': No such file or directory", 'ENOENT'],
  ['dd: /x: Resource busy', 'EBUSY'],
  ['mv: cannot move: Read-only file system\nrm: cannot remove: Permission denied', 'EROFS'],
  ['kvmplay: EISDIR: Is a directory', 'EISDIR'],
  ['kvmplay: NONE: there is no x in the root: Invalid argument', undefined],
  ['', undefined],
])('finds in %j the errno %s', (complaint, errno) => {
  expect(refusalIn(complaint).errno).toBe(errno);
});
