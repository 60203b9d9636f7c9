import { execFile } from 'node:child_process';
import { Unreachable } from '../../contract/index.ts';
import { me } from '../me.ts';
import type { SshOptions } from './arguments.ts';
import { hostClasses } from './host-blocks.ts';
import { limit } from './limit.ts';

export interface Question {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly configFile?: string;
}

/** What the ssh configuration says of a host. */
export type Settings = (question: Question) => Promise<SshOptions>;

/** What ssh(1) does where there is no configuration, for a machine without it. */
const DEFAULTS: SshOptions = new Map([
  ['port', ['22']],
  ['identityfile', ['~/.ssh/id_rsa', '~/.ssh/id_ecdsa', '~/.ssh/id_ed25519']],
  ['userknownhostsfile', ['~/.ssh/known_hosts ~/.ssh/known_hosts2']],
  ['globalknownhostsfile', ['/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2']],
]);

/** Asks `ssh -G`, once for all the hosts that the configuration treats alike. */
export function openSettings(): Settings {
  const fewAtATime = limit(4);
  const answers = new Map<string, Promise<SshOptions>>();
  const classes = new Map<string, ReturnType<typeof hostClasses>>();

  return async ({ host, user, port, configFile }) => {
    const file = configFile ?? '';
    if (!classes.has(file)) classes.set(file, hostClasses(configFile));
    const alike = classes.get(file)?.(host);
    if (alike === undefined && configFile === undefined)
      return new Map([...DEFAULTS, ['hostname', [host]], ['user', [me().name]]]);

    // A Match block may look at the user and the port; hosts that are asked for together have none.
    const alone = alike === undefined || alike.startsWith('host ');
    const args = [
      ...(configFile === undefined ? [] : ['-F', configFile]),
      ...(alone && user !== undefined ? ['-l', user] : []),
      ...(alone && port !== undefined ? ['-p', String(port)] : []),
    ];
    const key = JSON.stringify([alike ?? host, ...args]);
    const known = answers.get(key);
    const answer = known ?? fewAtATime(() => ask(host, args));
    if (!known) answers.set(key, answer);
    return alone ? answer : new Map([...(await answer), ['hostname', [host.toLowerCase()]]]);
  };
}

function ask(host: string, args: readonly string[]): Promise<SshOptions> {
  return new Promise((resolve, reject) => {
    execFile('ssh', ['-G', ...args, '--', host], { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error && 'code' in error && error.code === 'ENOENT')
        resolve(new Map([...DEFAULTS, ['hostname', [host]], ['user', [me().name]]]));
      else if (error)
        reject(
          new Unreachable(
            'BadSshConfig',
            `ssh cannot read its configuration for ${host}: ${stderr.trim().replaceAll(/\r?\n/g, '; ') || error.message}`,
            `look at: ssh -G ${host}`,
          ),
        );
      else resolve(parseSettings(stdout));
    });
  });
}

function parseSettings(text: string): SshOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const name = line.slice(0, space).toLowerCase();
    options.set(name, [...(options.get(name) ?? []), line.slice(space + 1).trim()]);
  }
  return options;
}
