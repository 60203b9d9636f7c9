import { describe, expect, it } from 'vitest';
import { sysctl } from '../../../modules/sysctl.ts';
import { tuned_profile } from '../../../modules/tuned_profile.ts';
import type { Content } from '../../support/fake-files.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const UNIT = '/usr/lib/systemd/system/tuned.service';
const ACTIVE = '/etc/tuned/active_profile';
const HOST = '/usr/lib/tuned/virtual-host/tuned.conf';

/** A host with tuned, which runs the profile where one is named. */
const host = (profile?: string, more: Record<string, Content> = {}): Record<string, Content> => ({
  [UNIT]: '[Service]\n',
  [HOST]: '[main]\nsummary=x\n[sysctl]\nvm.swappiness = 10\n[cpu]\ngovernor=performance\n',
  '/usr/lib/tuned/balanced/tuned.conf': '[main]\nsummary=x\n',
  ...(profile !== undefined && {
    [ACTIVE]: `${profile}\n`,
    '/etc/tuned/profile_mode': 'auto\n',
    '/etc/systemd/system/multi-user.target.wants/tuned.service': { link: UNIT },
    '/sys/fs/cgroup/system.slice/tuned.service/cgroup.procs': '1\n',
  }),
  ...more,
});
const words = (plan: Awaited<ReturnType<typeof planOn>>) =>
  plan.changes.flatMap((change) =>
    change.do.map((action) => (action.do === 'exec' ? action.argv.join(' ') : action.do)),
  );

describe('tuned_profile', () => {
  it('has a daemon that runs apply another profile, and knows the way back', async () => {
    const plan = await planOn(tuned_profile, { profile: 'virtual-host' }, host('balanced'));

    expect(summaryOf(plan)).toEqual(["live tuned's profile: balanced → virtual-host"]);
    expect(plan.changes[0]?.undo).toMatchObject([
      { argv: ['tuned-adm', 'profile', 'balanced'] },
      { do: 'write', path: ACTIVE, content: 'balanced\n' },
      { do: 'write', path: '/etc/tuned/profile_mode', content: 'auto\n' },
    ]);
    expect((await planOn(tuned_profile, { profile: 'balanced' }, host('balanced'))).changes).toEqual([]);
  });

  it('starts the daemon first where it does not run', async () => {
    const plan = await planOn(tuned_profile, { profile: 'virtual-host balanced' }, host());

    expect(words(plan)).toEqual(['systemctl enable --now tuned.service', 'tuned-adm profile virtual-host balanced']);
  });

  it('lets it take back what it set, and never start again', async () => {
    const plan = await planOn(tuned_profile, { profile: 'off' }, host('virtual-host'));

    expect(words(plan)).toEqual(['tuned-adm off', 'systemctl disable --now tuned.service']);
    expect(await planOn(tuned_profile, { profile: 'off' }, {})).toEqual({ changes: [] });
    expect(await planOn(tuned_profile, { profile: 'off' }, host())).toEqual({ changes: [] });
  });

  it('says who is the master of what, where nothing is asked', async () => {
    expect(await planOn(tuned_profile, {}, host('virtual-host'))).toEqual({
      changes: [],
      notes: ['tuned applies the profile virtual-host, which sets vm.swappiness, cpu.governor'],
    });
    expect((await planOn(tuned_profile, {}, host())).notes).toEqual([
      'tuned sets nothing here: it does not run, or has no profile',
    ]);
  });

  it('is n/a where there is no tuned', async () => {
    expect((await planOn(tuned_profile, { profile: 'virtual-host' }, {})).na).toBe('tuned is not installed here');
  });

  it.each([
    ['virtual-hosts', host(), 'UnknownProfile: tuned has no profile "virtual-hosts" here (did you mean virtual-host?)'],
    ['balanced', host(undefined, { '/etc/systemd/system/tuned.service': { link: '/dev/null' } }), 'Masked: '],
  ])('%s cannot be had', async (profile, files, problem) => {
    expect(await problemOn(tuned_profile, { profile }, files)).toContain(problem);
  });

  it.each([
    [{ profile: '../x' }, "expected a profile's name"],
    [{ profile: 'off balanced' }, '`off` goes with no other profile'],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(tuned_profile, params).join()).toContain(message);
  });

  it.each([
    ['reapply_sysctl = 1', '; files in sysctl.d have the last word'],
    ['reapply_sysctl=0', ''],
  ])('is named by whoever sets the same, with %s', async (main, end) => {
    const files = host('virtual-host', {
      '/proc/sys/vm/swappiness': '10\n',
      '/etc/tuned/tuned-main.conf': `${main}\n`,
    });

    expect((await planOn(sysctl, { name: 'vm.swappiness', value: 5 }, files)).notes).toEqual([
      `vm.swappiness: tuned sets it too whenever it starts, to 10 (profile virtual-host, ${HOST}:4)${end}`,
    ]);
  });
});
