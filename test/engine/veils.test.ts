import { expect, it } from 'vitest';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';

it('knows nothing in check mode of what stands below a path that something is to be mounted over', async () => {
  const kvm = fakeHost({
    files: {
      '/proc/self/mountinfo': '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n',
      '/srv/images/note': 'old\n',
      '/srv/other': 'old\n',
    },
    commands: FAKE_COMMANDS,
  });
  const tasks = [
    { copy: { dest: '/srv/images/note', content: 'new\n' } },
    { mount: { path: '/srv/images', src: '/dev/vdb', fstype: 'xfs', state: 'ephemeral' } },
    { copy: { dest: '/srv/images/note', content: 'new\n' } },
    { copy: { dest: '/srv/other', content: 'old\n' } },
    { mount: { path: '/srv/images', src: '/dev/vdb', fstype: 'xfs', state: 'ephemeral' } },
  ];

  const { results } = await play(JSON.stringify([{ hosts: 'all', tasks }]), { check: true, hosts: { kvm } });

  expect(results.map(({ status }) => status)).toEqual(['changed', 'changed', 'unknown', 'ok', 'ok']);
});
