import { homedir, userInfo } from 'node:os';

/** Who runs this, as the system's user database has it, which is what ssh goes by. */
export function me(): { readonly name: string; readonly home: string } {
  try {
    const { username, homedir: home } = userInfo();
    return { name: username, home };
  } catch {
    // A container may run as a number that no user has.
    return { name: process.env.USER ?? String(process.getuid?.()), home: homedir() };
  }
}
