import { z } from 'zod';
import { flag, integer } from '../src/contract/fields.ts';
import { absolutePath, commandLine } from '../src/contract/file-fields.ts';
import {
  type ActionResult,
  command as commandProbe,
  complaintOf,
  defineModule,
  describeReading,
  glob,
  NOTHING,
  type Plan,
  type Probe,
  Problem,
  type Seen,
  stat,
  unknown,
} from '../src/contract/index.ts';

const Params = z
  .strictObject({
    argv: z
      .array(z.union([z.string(), z.number()]).transform(String))
      .min(1)
      .optional()
      .describe('The program and its arguments. Nothing in them is special.'),
    cmd: z
      .string()
      .regex(/\S/, 'expected a command')
      .optional()
      .describe(
        'The same as a text. It is split as sh splits it, and nothing else in it is special; with `shell`, it is a script for sh.',
      ),
    shell: flag()
      .prefault(false)
      .describe('Whether `cmd` is a script for `/bin/sh`: with pipes, `*` and `$VARIABLES`.'),
    executable: absolutePath().optional().describe('Another shell for `shell`, such as `/bin/bash`.'),
    chdir: absolutePath().optional().describe('The directory to run it in.'),
    creates: absolutePath()
      .optional()
      .describe('A path, or a pattern of regular files. Where it is there, nothing is run.'),
    removes: absolutePath().optional().describe('The same the other way round: where it is not there, nothing is run.'),
    stdin: z.string().optional().describe('What it reads on its standard input. Without it, nothing.'),
    stdin_add_newline: flag().prefault(true).describe('Whether a newline is put behind `stdin`.'),
    strip_empty_ends: flag()
      .prefault(true)
      .describe('Whether newlines at the end of what it prints are left out of `stdout` and `stderr`.'),
    reads_only: flag()
      .prefault(false)
      .describe(
        'Your word that it changes nothing. It is then run in check mode too, together with all that is read, and is never a change.',
      ),
    time_limit: integer(1, 86_400)
      .prefault(3600)
      .describe('Seconds after which it is ended, with what it started. With `reads_only`, 60.'),
  })
  .refine(({ argv, cmd }) => (argv === undefined) !== (cmd === undefined), 'give either argv or cmd')
  .refine(({ argv, shell }) => !shell || argv === undefined, 'shell: true takes cmd, a text')
  .refine(({ executable, shell }) => shell || executable === undefined, {
    path: ['executable'],
    error: 'executable belongs to shell: true',
  })
  .refine(({ stdin, reads_only: reads }) => !reads || stdin === undefined, {
    path: ['stdin'],
    error: 'what only reads gets no input',
  })
  .transform(({ cmd, ...rest }, context) => {
    if (cmd === undefined || rest.shell) return { ...rest, cmd };
    const words = commandLine().safeParse(cmd);
    if (words.success) return { ...rest, cmd, argv: [...words.data] };
    for (const { message } of words.error.issues) context.addIssue({ code: 'custom', path: ['cmd'], message });
    return z.NEVER;
  });
type Params = z.infer<typeof Params>;

export const command = defineModule({
  name: 'command',
  summary: 'Run a command, where no module does what is needed.',
  notes: `
Nobody can tell what a command will do, so that in check mode its result is **unknown**, and so is what depends on it; what a command
changes on a host besides is not foretold to the tasks behind it. It cannot be undone. Say with \`creates\` or \`removes\` when it has been
done already; for a command that only looks, say \`reads_only: true\`, and it is run in check mode as well. \`register\` keeps \`rc\`,
\`stdout\`, \`stderr\`, \`stdout_lines\` and \`stderr_lines\`, and \`failed_when\` and \`changed_when\` have the last word.`,
  params: Params,
  reads: (params) => ({
    ...(params.creates !== undefined && { creates: there(params.creates) }),
    ...(params.removes !== undefined && { removes: there(params.removes) }),
    place: stat(params.chdir ?? '/'),
    ...(params.reads_only && { output: commandProbe(...argvOf(params)) }),
  }),
  plan(params, seen) {
    const done = whyNot(params, seen);
    if (done !== undefined) return { ...NOTHING, values: { ...valuesOf(params, 0, done, ''), msg: done } };
    if (params.chdir !== undefined && seen.stat('place') === undefined) {
      seen.missing('place');
      throw new Problem('NoDirectory', `there is no directory ${params.chdir} to run it in`);
    }
    return params.reads_only ? looked(params, seen) : act(params, seen);
  },
  returns(params, results) {
    const result = results.at(-1);
    if (!result || result.ok === 'skipped') return {};
    return valuesOf(params, statusOf(result), result.stdout ?? '', result.stderr ?? (result.ok ? '' : result.message));
  },
  examples: [
    {
      title: 'Once, with arguments in which nothing is special',
      params: { argv: ['mkswap', '-L', 'spare swap', '/srv/swap'], creates: '/srv/swap.done' },
      host: { '/srv/swap': '' },
    },
    {
      title: 'A script',
      params: {
        cmd: 'for i in 1 2; do echo $i; done > out',
        shell: true,
        executable: '/bin/sh',
        chdir: '/srv',
        removes: '/srv/*.in',
        time_limit: 20,
      },
      host: { '/srv/a.in': '' },
    },
    {
      title: 'Something to look at',
      params: { cmd: 'sh -c "echo \'a b\'"', reads_only: true, strip_empty_ends: true },
      host: { '/etc/issue': '' },
    },
    {
      title: 'With input',
      params: { argv: ['chpasswd'], stdin: 'admin:secret', stdin_add_newline: true },
      host: { '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n' },
    },
  ],
});

const there = (path: string): Probe => (/[*?[]/.test(path) ? glob(path) : stat(path));

/** Why there is nothing to be done, as Ansible puts it. */
function whyNot({ creates, removes }: Params, seen: Seen): string | undefined {
  if (creates !== undefined && stands(seen, 'creates')) return `skipped, since ${creates} exists`;
  if (removes !== undefined && !stands(seen, 'removes')) {
    if (seen.raw('removes').is === 'absent') seen.missing('removes');
    return `skipped, since ${removes} does not exist`;
  }
  return undefined;
}

const stands = (seen: Seen, name: string): boolean =>
  seen.probe(name).kind === 'glob' ? seen.files(name).size > 0 : seen.stat(name) !== undefined;

/** The directory is changed by a shell that is given all of it as arguments, and becomes the command. */
function argvOf({ argv, cmd = '', shell, executable = '/bin/sh', chdir }: Params): string[] {
  const own = shell ? [executable, '-c', cmd] : (argv ?? []);
  return chdir === undefined ? own : ['/bin/sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', chdir, ...own];
}

const shown = (params: Params): string => params.cmd?.trim().split('\n', 1)[0] ?? (params.argv ?? []).join(' ');

function act(params: Params, seen: Seen): Plan {
  const { stdin, stdin_add_newline: newline, time_limit: timeout } = params;
  const because = `nobody can tell what comes of "${shown(params)}" before it is run`;
  return {
    changes: [
      {
        target: stat(params.chdir ?? '/'),
        plane: 'live',
        summary: `run ${shown(params)}`,
        before: seen.raw('place'),
        after: unknown(because),
        do: [
          {
            do: 'exec',
            argv: argvOf(params),
            timeout,
            ...(stdin !== undefined && { stdin: newline ? `${stdin}\n` : stdin }),
          },
        ],
        undo: { impossible: 'a command cannot be undone' },
        impact: 'none',
        once: true,
        unforeseen: because,
        brings: because,
        shown: { before: '', after: '' },
      },
    ],
  };
}

function looked(params: Params, seen: Seen): Plan {
  const raw = seen.raw('output');
  if (raw.is === 'absent') {
    seen.missing('output');
    throw new Problem('NoCommand', `there is no command ${argvOf(params)[0]} on this host`, undefined, { rc: 127 });
  }
  const output = seen.output('output');
  if (!output) throw new Error(`a command reads ${describeReading(raw)}`);
  const values = valuesOf(params, output.status, output.stdout, output.stderr);
  if (output.status === 0) return { ...NOTHING, values };
  const why = complaintOf(output);
  throw new Problem(
    'CommandFailed',
    `${shown(params)} ended with status ${output.status}${why && `: ${why}`}`,
    undefined,
    values,
  );
}

const statusOf = (result: Exclude<ActionResult, { ok: 'skipped' }>): number => result.status ?? (result.ok ? 0 : 127);

/** What `register` keeps, in Ansible's names. */
function valuesOf(params: Params, rc: number, stdout: string, stderr: string): Record<string, unknown> {
  const ended = (text: string) => (params.strip_empty_ends ? text.replace(/[\r\n]+$/, '') : text);
  const [out, err] = [ended(stdout), ended(stderr)];
  const lines = (text: string) => (text === '' ? [] : text.split(/\r?\n/));
  const cmd = params.shell ? params.cmd : params.argv;
  return { cmd, rc, stdout: out, stderr: err, stdout_lines: lines(out), stderr_lines: lines(err) };
}
