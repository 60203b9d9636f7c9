import { type Command, NotEmulated } from './fake-command.ts';

/** tuned-adm, as far as modules use it. It asks the daemon, which has to run. */
export const fakeTunedAdm: Command = ([, verb, ...rest], files) => {
  const say = (profile: string) => {
    files.put('/etc/tuned/active_profile', `${profile}\n`);
    files.put('/etc/tuned/profile_mode', 'manual\n');
    return '';
  };
  if (!files.names('/sys/fs/cgroup/system.slice/tuned.service'))
    return { status: 1, stdout: '', stderr: 'Cannot talk to TuneD daemon via DBus. Is TuneD daemon running?\n' };
  if (verb === 'profile') return say(rest.join(' '));
  if (verb === 'off') return say('');
  throw new NotEmulated(`the fake tuned-adm does not know ${verb}`);
};
