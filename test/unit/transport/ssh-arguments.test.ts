import { expect, test } from 'vitest';
import { parseJumps, parseProxyCommand, parseSshArguments } from '../../../src/transport/ssh/arguments.ts';
import { splitWords } from '../../../src/transport/ssh/words.ts';

test.each([
  ['a  b\tc', ['a', 'b', 'c']],
  [`'a b' "c \\"d\\" $e" f\\ g`, ['a b', 'c "d" $e', 'f g']],
  [`-o'x y'z "" ''`, ['-ox yz', '', '']],
  ['"a\\b"', ['a\\b']],
  ['', []],
  ['"open', undefined],
])('splits %j as a shell would', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([
  ['bastion', [{ host: 'bastion' }]],
  ['root@bastion:2222', [{ host: 'bastion', user: 'root', port: 2222 }]],
  ['a,b@c:1', [{ host: 'a' }, { host: 'c', user: 'b', port: 1 }]],
  ['ssh://me@bastion:22/', [{ host: 'bastion', user: 'me', port: 22 }]],
  ['me@corp@bastion', undefined],
  ['[fe80::1]:22', [{ host: 'fe80::1', port: 22 }]],
  ['me@2001:db8::1', [{ host: '2001:db8::1', user: 'me' }]],
  ['-oProxyCommand=x', undefined],
  ['a b', undefined],
  ['', undefined],
])('reads the jump hosts in %j', (text, jumps) => {
  expect(parseJumps(text)).toEqual(jumps);
});

test.each([
  ['ssh -W %h:%p bastion', { host: 'bastion' }],
  ['ssh -W [%h]:%p me@bastion', { host: 'bastion', user: 'me' }],
  ['exec /usr/bin/ssh -q -p 2222 -W %h:%p -l me bastion', { host: 'bastion', port: ['2222'], user: ['me'] }],
  ['ssh -o StrictHostKeyChecking=no -o "User me" -W %h:%p bastion', { host: 'bastion', user: ['me'] }],
])('reads the jump host in %j', (command, expected) => {
  const jump = parseProxyCommand(command);

  const options = typeof jump === 'string' ? {} : Object.fromEntries(jump.ssh?.options ?? []);
  expect({ ...options, ...(typeof jump === 'string' ? { jump } : jump) }).toMatchObject(expected);
});

test.each(['nc %h %p', 'ssh bastion nc %h %p', 'ssh -W other:22 bastion', 'ssh -W %h:%p', 'ssh -D 1 -W %h:%p bastion'])(
  'cannot do %j, and says so',
  (command) => {
    expect(parseProxyCommand(command)).toMatch(/known|cannot do/);
  },
);

test('takes the first value of an option, every key, and passes over what changes nothing', () => {
  const parsed = parseSshArguments(
    '-C -o ControlMaster=auto -o ControlPersist=60s -oServerAliveInterval=5 -o ServerAliveInterval=9 -i a -i b -F f -4',
  );

  expect(typeof parsed === 'string' ? parsed : [Object.fromEntries(parsed.options), parsed.configFile]).toEqual([
    { serveraliveinterval: ['5'], identityfile: ['a', 'b'], addressfamily: ['inet'] },
    'f',
  ]);
});
