import type { Command } from './fake-command.ts';
import { fakeGrub } from './fake-grub.ts';
import { fakeVirsh } from './fake-libvirt.ts';
import { fakeModprobe } from './fake-modprobe.ts';
import { fakeGrep, fakeMount, fakeRmdir, fakeUmount } from './fake-mount.ts';
import { FAKE_PACKAGES } from './fake-packages.ts';
import { fakeShell } from './fake-shell.ts';
import { fakeSystemctl } from './fake-systemctl.ts';
import { fakeTunedAdm } from './fake-tuned.ts';

/** The commands that modules use, on a host where all of them are installed. */
export const FAKE_COMMANDS: Readonly<Record<string, Command>> = {
  modprobe: fakeModprobe,
  grep: fakeGrep,
  mount: fakeMount,
  rmdir: fakeRmdir,
  umount: fakeUmount,
  irqbalance: 'irqbalance version 1.9.2\n',
  sh: fakeShell,
  '/bin/sh': fakeShell,
  ...FAKE_PACKAGES,
  mkswap: '',
  chpasswd: '',
  systemctl: fakeSystemctl,
  'tuned-adm': fakeTunedAdm,
  'update-grub': fakeGrub,
  'grub2-mkconfig': fakeGrub,
  virsh: fakeVirsh,
};
