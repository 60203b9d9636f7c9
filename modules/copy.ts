import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import { absolutePath, attributes, writing } from '../src/contract/file-fields.ts';
import { defineModule, deliver, deliverProbes, pythonJson } from '../src/contract/index.ts';

const Params = z
  .strictObject({
    src: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A file or a directory of the control node: a path, or a name that is looked for in `files/` of the role and beside the playbook. What is in a directory is copied under its name, or without it where it ends in `/`.',
      ),
    content: z
      .union(
        [
          z.string(),
          z.number().transform(String),
          z.array(z.unknown()).transform(pythonJson),
          z.record(z.string(), z.unknown()).transform(pythonJson),
        ],
        { error: 'expected a text, or a list or a mapping' },
      )
      .optional()
      .describe('The content itself, in place of `src`. A list or a mapping is written as JSON.'),
    dest: absolutePath().describe(
      'Where it shall be. A directory, or a path that ends in `/`: in it, under its own name.',
    ),
    decrypt: flag()
      .prefault(true)
      .describe('Whether a file that is encrypted as a whole, by Ansible Vault or age, is opened before it is sent.'),
    directory_mode: attributes.mode.describe('The mode of directories that are made, where `src` is a directory.'),
    force: flag().prefault(true).describe('Whether to replace a file that is there and has other content.'),
    remote_src: flag()
      .prefault(false)
      .refine(
        (remote) => !remote,
        'copying on the host itself is not offered: use command with argv: [cp, -a, …] and creates',
      )
      .describe('Without effect: files come from the control node.'),
    ...writing,
  })
  .refine(({ src, content }) => (src === undefined) !== (content === undefined), 'give either src or content');

export const copy = defineModule({
  name: 'copy',
  summary: 'Bring a file of the control node, or a text, to a host.',
  notes: `
The file is written beside its place, on disk before it takes it, and keeps mode, owner, ACLs and security label of the file that it
replaces, unless they are given. A link at \`dest\` is replaced and not followed. Files of more than 64 KiB are streamed with little memory
on either side, and their checksum is compared on the host before they take their place; what they replace is then not kept by kvmplay,
and can be rolled back with \`backup: true\` alone. A \`src\` that is encrypted is opened here and sent in plain text; nothing of it, nor of what
it replaces, is shown or kept. Of a directory all is copied that is below it, links followed, at the most 1,000 files and directories
and 256 MiB; what else is on the host stays. \`mode\` is that of the files. \`register\` keeps \`dest\`, and of a file \`checksum\` (SHA-1), \`size\`, \`mode\`,
\`owner\`, \`group\` and \`state\`.`,
  params: Params,
  source: { param: 'src', folder: 'files', tree: true },
  reads: (params, seen) => deliverProbes(params, seen),
  plan: (params, seen) => deliver(params, seen),
  examples: [
    {
      title: 'A file of the role',
      params: { src: 'motd', dest: '/etc/motd', owner: 'root', group: 'root', mode: '0644' },
      source: 'Hypervisor. Guests live here.\n',
      host: { '/etc/motd': 'Welcome\n' },
    },
    {
      title: 'A text, into a file that others must not read',
      params: { content: 'secret\n', dest: '/etc/kvmplay/token', mode: 'u=rw,g=,o=', backup: true },
      host: { '/etc/kvmplay/token': { text: 'old\n', mode: '0640' } },
    },
    {
      title: 'Data, as JSON',
      params: { content: { hugepages: 16, nodes: ['0', '1'] }, dest: '/etc/kvmplay/guests.json' },
      host: { '/etc/kvmplay/README': '' },
    },
    {
      title: 'Into a directory, where it is not there yet',
      params: { src: 'limits.conf', dest: '/etc/security/', force: false, remote_src: false, decrypt: false },
      source: '* - nofile 65536\n',
      host: { '/etc/security/access.conf': '# none\n' },
    },
    {
      title: 'A directory with all that is in it',
      params: { src: 'hooks', dest: '/etc/libvirt', mode: '0755', directory_mode: '0750', owner: 'root' },
      source: { qemu: '#!/bin/sh\n', 'qemu.d/10-pin': '#!/bin/sh\nexit 0\n', 'qemu.d/20-irq': '#!/bin/sh\n' },
      host: { '/etc/libvirt/hooks/qemu': '#!/bin/sh\nexit 1\n', '/etc/libvirt/hooks/network': '#!/bin/sh\n' },
    },
    {
      title: 'What is in a directory, without its name',
      params: { src: 'tree/', dest: '/srv/new/place' },
      source: { a: 'a\n', 'b/c': 'c\n' },
      host: { '/srv/README': 'here\n' },
    },
    {
      title: 'Looked at before it takes its place',
      params: {
        content: 'root ALL=(ALL) ALL\n',
        dest: '/etc/sudoers.d/admins',
        mode: '0440',
        validate: 'visudo -cf %s',
      },
      host: { '/etc/sudoers.d/README': '' },
    },
  ],
});
