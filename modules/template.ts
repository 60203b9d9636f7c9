import { z } from 'zod';
import { flag } from '../src/contract/fields.ts';
import { absolutePath, writing } from '../src/contract/file-fields.ts';
import { defineModule, deliver, deliverProbes } from '../src/contract/index.ts';

const Params = z.strictObject({
  src: z
    .string()
    .min(1)
    .refine(
      (name) => !name.endsWith('.j2'),
      'templates are Handlebars and not Jinja: rewrite it, and name it .hbs; {{ x }} stays as it is, {% if %} becomes {{#if}}',
    )
    .describe(
      'The template, a path or a name that is looked for in `templates/` of the role and beside the playbook: `NAME.hbs`.',
    ),
  dest: absolutePath().describe('Where it shall be. A directory, or a path that ends in `/`: in it, without `.hbs`.'),
  force: flag().prefault(true).describe('Whether to replace a file that is there and has other content.'),
  ...writing,
});

export const template = defineModule({
  name: 'template',
  summary: 'Write a file from a Handlebars template of the control node.',
  notes: `
It is rendered on the control node, with the variables of the task; what is wrong with it is told with its own file, line and column, and
before any host is touched where no task sets what it uses. Partials (\`{{> name}}\`) are \`name.hbs\` beside it. The file is written as
\`copy\` writes it.`,
  params: Params,
  source: { param: 'src', folder: 'templates' },
  reads: (params, seen) => deliverProbes(params, seen),
  plan: (params, seen) => deliver(params, seen),
  examples: [
    {
      title: 'A configuration file',
      params: { src: 'chrony.conf.hbs', dest: '/etc/chrony/chrony.conf', owner: 'root', group: 'root', mode: '0644' },
      source: 'server ntp1 iburst\n',
      host: { '/etc/chrony/chrony.conf': 'pool debian.pool.ntp.org\n' },
    },
    {
      title: 'Kept and looked at',
      params: { src: 'sshd.hbs', dest: '/etc/ssh/sshd_config', backup: true, validate: 'sshd -t -f %s' },
      source: 'PermitRootLogin prohibit-password\n',
      host: { '/etc/ssh/sshd_config': { text: 'PermitRootLogin yes\n', mode: '0600' } },
    },
    {
      title: 'Only where there is none',
      params: { src: 'motd.hbs', dest: '/etc/motd', force: false },
      source: 'kvm1\n',
      host: { '/etc/motd': 'Welcome\n' },
    },
  ],
});
