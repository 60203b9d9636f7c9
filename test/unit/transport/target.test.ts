import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { UserError } from '../../../src/source/diagnostic.ts';
import { type Flags, type Target, targetOf } from '../../../src/transport/target.ts';

/** Passwords opened, options as an object. */
const plain = (target: Target) => ({
  ...target,
  ...(target.password && { password: target.password() }),
  ...(target.become && { become: { ...target.become, password: target.become.password?.() } }),
  sshArguments: Object.fromEntries(target.sshArguments.options),
});

const cases: [string, Record<string, unknown>, Flags, object][] = [
  ['nothing', {}, {}, { name: 'kvm1', connection: 'ssh', host: 'kvm1', sshArguments: {}, acceptNewHostKeys: false }],
  [
    'address, port and user',
    { ansible_host: '10.0.0.1', ansible_port: '2222', ansible_user: 'ops' },
    { user: 'other' },
    { host: '10.0.0.1', port: 2222, user: 'ops' },
  ],
  ['flags where variables are silent', {}, { user: 'ops', timeout: 3 }, { user: 'ops', timeoutMs: 3000 }],
  ["Ansible's older names, which win", { ansible_user: 'new', ansible_ssh_user: 'old' }, {}, { user: 'old' }],
  ['a null as if it was not there', { ansible_host: null, ansible_port: null }, {}, { host: 'kvm1' }],
  ['a password that is a number', { ansible_password: 12345 }, {}, { password: '12345' }],
  ['a key in the home directory', { ansible_ssh_private_key_file: '~/k' }, {}, { privateKey: `${homedir()}/k` }],
  ['a key beside the working directory', {}, { privateKey: 'k' }, { privateKey: `${process.cwd()}/k` }],
  ['become', { ansible_become: 'yes' }, {}, { become: { user: 'root', method: 'sudo', password: undefined } }],
  ['become taken back by a variable', { ansible_become: false }, { become: true }, { become: undefined }],
  [
    'become by su with a password',
    { ansible_become_method: 'ansible.builtin.su', ansible_become_pass: 'x', ansible_become_user: 'virt' },
    { become: true, becomePassword: 'y' },
    { become: { user: 'virt', method: 'su', password: 'x' } },
  ],
  ['a local connection', { ansible_connection: 'ansible.builtin.local' }, {}, { connection: 'local' }],
  [
    "Ansible's other ways by ssh",
    { ansible_connection: 'smart', ansible_host_key_checking: 'no' },
    {},
    { connection: 'ssh', acceptNewHostKeys: true },
  ],
  ['a root', { kvmplay_root: '/srv/image' }, {}, { root: '/srv/image' }],
  [
    'a local root beside the working directory',
    { kvmplay_root: 'image', ansible_connection: 'local' },
    {},
    { root: `${process.cwd()}/image` },
  ],
  [
    'arguments for ssh, of which the first counts',
    { ansible_ssh_common_args: '-J a -o Port=1', ansible_ssh_extra_args: "-o ProxyJump='b' -C" },
    {},
    { sshArguments: { proxyjump: ['a'], port: ['1'] } },
  ],
];

test.each(cases)('makes a target of %s', (_, variables, flags, expected) => {
  expect({ become: undefined, ...plain(targetOf('kvm1', variables, flags)) }).toMatchObject(expected);
});

const mistakes: [string, Record<string, unknown>, string, RegExp][] = [
  ['a port out of range', { ansible_port: 70000 }, 'BadConnectionVariable', /^ansible_port of host kvm1 .*70000/],
  ['a port that is a word', { ansible_ssh_port: 'ssh' }, 'BadConnectionVariable', /^ansible_ssh_port of host kvm1/],
  ['an option for a user', { ansible_user: '-oProxyCommand=x' }, 'BadConnectionVariable', /user's name/],
  ['a command for a user', { ansible_become_user: '$(id)' }, 'BadConnectionVariable', /user's name/],
  ['a list for a host', { ansible_host: ['a'] }, 'BadConnectionVariable', /\["a"\]/],
  ['perhaps', { ansible_become: 'perhaps' }, 'BadConnectionVariable', /yes or no/],
  ['another connection', { ansible_connection: 'docker' }, 'UnsupportedConnection', /"docker"/],
  ['another way to become', { ansible_become_method: 'doas' }, 'UnsupportedBecomeMethod', /"doas"/],
  ['a relative root over ssh', { kvmplay_root: 'image' }, 'BadConnectionVariable', /absolute path/],
  ['an unknown argument', { ansible_ssh_common_args: '-D 1080' }, 'UnsupportedSshArgument', /has -D/],
  ['an unknown option', { ansible_ssh_common_args: '-o Tunnel=yes' }, 'UnsupportedSshArgument', /option tunnel/],
  ['an open quote', { ansible_ssh_common_args: "-o 'x" }, 'UnsupportedSshArgument', /quote open/],
  ['an option without value', { ansible_ssh_common_args: '-J' }, 'UnsupportedSshArgument', /wants a value/],
  ['an operand', { ansible_ssh_common_args: 'host' }, 'UnsupportedSshArgument', /"host", which is no option/],
  [
    'another ProxyCommand',
    { ansible_ssh_common_args: '-o ProxyCommand="nc %h %p"' },
    'UnsupportedSshArgument',
    /ssh -W %h:%p/,
  ],
];

test.each(mistakes)('refuses %s', (_, variables, code, message) => {
  const at = { file: 'hosts.ini', line: 3, column: 7 };
  const make = () => targetOf('kvm1', variables, {}, () => at);

  expect(make).toThrow(UserError);
  expect(diagnosticsOf(make)).toEqual([expect.objectContaining({ code, message: expect.stringMatching(message), at })]);
});

test('tells all mistakes at once, and no password', () => {
  const variables = { ansible_port: 'x', ansible_become: 'y?', ansible_password: ['hunter2'] };

  const diagnostics = diagnosticsOf(() => targetOf('kvm1', variables));

  expect(diagnostics).toHaveLength(3);
  expect(JSON.stringify(diagnostics)).not.toContain('hunter2');
});

test('shows no password when it is printed', () => {
  const target = targetOf(
    'kvm1',
    { ansible_password: 'hunter2', ansible_become_password: 'hunter2' },
    { become: true },
  );

  expect(JSON.stringify(target)).not.toContain('hunter2');
});

function diagnosticsOf(make: () => unknown): readonly unknown[] {
  try {
    make();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics;
  }
  return [];
}
