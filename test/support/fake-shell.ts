import type { Command } from './fake-host.ts';

/** The one thing that modules have a shell do: write, and go on where the kernel will not have it. Here it always will. */
export const fakeShell: Command = ([, , script = '', , value, path], files) => {
  if (!script.includes('env printf') || path === undefined) throw new Error(`the fake shell does not know ${script}`);
  files.write(path, Buffer.from(`${value}\n`));
  return '';
};
