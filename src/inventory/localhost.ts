import { existsSync } from 'node:fs';
import type { Node } from '../source/node.ts';
import { scalar } from './python-node.ts';
import type { Host } from './types.ts';

/** The names that mean this machine. */
export const LOCALHOST: readonly string[] = ['127.0.0.1', 'localhost', '::1'];

const AT = { file: 'implicit localhost', line: 1, column: 1 };
const PYTHON = '/usr/bin/python3';

/**
 * The host that stands for this machine where no inventory names it: reached without ssh, in no group, not in `all`. The
 * Python interpreter is for those who read it as Ansible's; nothing here runs it.
 */
export function implicitLocalhost(name: string): Host {
  const variables = new Map<string, Node>();
  // In Ansible's order, which shows where keys of several types cannot be sorted.
  if (existsSync(PYTHON)) variables.set('ansible_python_interpreter', scalar(PYTHON, AT));
  variables.set('ansible_connection', scalar('local', AT));
  return { name, groups: [], variables, source: undefined };
}
