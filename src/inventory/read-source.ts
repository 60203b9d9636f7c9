import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { decodeText } from '../source/decode.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { parseAddress } from './address.ts';
import { displayed, type OpenVault, readBytes, textOfIni } from './file-text.ts';
import { readIni } from './ini.ts';
import { parseData } from './parse-data.ts';
import { byCodePoint, strip } from './python-text.ts';
import type { Roster } from './roster.ts';
import { readScript } from './script.ts';
import { readYamlInventory } from './yaml-inventory.ts';

export interface ReadOptions {
  /** Where scripts run, and what the paths in messages are relative to. */
  readonly cwd: string;
  /** How long an inventory script may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly openVault: OpenVault | undefined;
}

// Ansible's INVENTORY_IGNORE_EXTS, and the names that mean something else to it.
const IGNORED =
  /^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)|~)$/;
const YAML_EXTENSIONS: readonly string[] = ['', '.yml', '.yaml', '.json'];

/** Read a path or a list of hosts into the roster; false when it holds no source at all. Throws `UserError`. */
export async function readSource(source: string, roster: Roster, options: ReadOptions): Promise<boolean> {
  if (!existsSync(source)) {
    if (source.includes(',')) readHostList(source, roster);
    else
      throw new UserError([
        mistake(
          'NoInventory',
          `there is no inventory ${displayed(source, options.cwd)}`,
          undefined,
          'a list of hosts has a comma: -i "h1,"',
        ),
      ]);
    return true;
  }
  if (!statSync(source).isDirectory()) {
    roster.source = source;
    await readFile(source, roster, options);
    return true;
  }
  let found = false;
  for (const name of readdirSync(source).sort(byCodePoint))
    if (!IGNORED.test(name)) found = (await readSource(join(source, name), roster, options)) || found;
  if (!found) {
    const hint = 'hidden files and those that end in .ini, .cfg, .txt and the like are passed over';
    roster.warn('NoInventory', `there is no inventory in ${displayed(source, options.cwd)}`, undefined, hint);
  }
  return found;
}

/** `h1,[::1]:2222,h3`: ports, but no ranges. */
function readHostList(list: string, roster: Roster): void {
  roster.source = undefined;
  for (const item of list.split(',')) {
    const name = strip(item);
    const address = parseAddress(name);
    const { host, port } = address && !address.host.includes('[') ? address : { host: name, port: undefined };
    const at = { file: '-i', line: 1, column: list.indexOf(name) + 1, length: name.length };
    if (host !== '' && !roster.hosts.has(host)) roster.addHost(host, 'ungrouped', at, port);
  }
}

/** Try what Ansible tries, in its order: a script, YAML where the extension allows it, INI. */
async function readFile(path: string, roster: Roster, options: ReadOptions): Promise<void> {
  const file = displayed(path, options.cwd);
  const { bytes, sealed } = await readBytes(path, file, options.openVault);
  roster.sealed = sealed;
  const isProgram = /^(?:#!|\x7fELF)/.test(bytes.toString('latin1', 0, 4));
  if (isProgram && isExecutable(path)) return readScript(path, roster, options);

  const extension = extname(path);
  const yaml = YAML_EXTENSIONS.includes(extension) ? readAsYaml(bytes, file, roster) : undefined;
  if (yaml?.read) return;
  try {
    readIni(textOfIni(bytes), file, roster);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (isProgram) throw notExecutable(file);
    if (extension === '.toml')
      throw new UserError([
        mistake(
          'TomlInventory',
          `${file} is TOML, which is not read here`,
          undefined,
          'let a script that runs `ansible-inventory -i FILE --list` be the inventory',
        ),
      ]);
    throw new UserError(yaml && (extension !== '' || yaml.isMap) ? yaml.found : error.diagnostics);
  }
}

type Attempt =
  | { readonly read: true }
  | { readonly read: false; readonly isMap: boolean; readonly found: readonly Diagnostic[] };

function readAsYaml(bytes: Buffer, file: string, roster: Roster): Attempt {
  let root: Node | undefined;
  try {
    root = parseData(decodeText(bytes, file), file);
    readYamlInventory(root, roster);
    return { read: true };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { read: false, isMap: root?.kind === 'map', found: error.diagnostics };
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function notExecutable(file: string): UserError {
  const message = `${file} begins as a program does and cannot be executed`;
  return new UserError([mistake('InventoryScript', message, { file, line: 1, column: 1 }, `chmod +x ${file}`)]);
}
