import {
  hostsMatching,
  inventoryGraph,
  inventoryHost,
  inventoryList,
  loadInventory,
  type OpenVault,
} from '../inventory/index.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';

export interface InventoryOptions {
  readonly inventory: readonly string[];
  readonly list?: boolean;
  readonly host?: string;
  /** True for `all`, or the name of a group. */
  readonly graph?: string | boolean;
  /** A host pattern. */
  readonly hosts?: string;
  readonly limit?: string;
  readonly vars?: boolean;
  readonly export?: boolean;
  readonly playbookDir?: string;
  /** Encrypted values are printed as they are written, so files alone need be opened. */
  readonly openVault?: OpenVault;
}

/**
 * `kvmplay inventory`: print what `ansible-inventory` prints, or for `hosts` one name a line. Throws `UserError`.
 * `print` gets what goes to stdout, without the last line end; `warn` each warning.
 */
export async function inventoryCommand(
  options: InventoryOptions,
  io: { readonly cwd: string; print(text: string): void; warn(warning: Diagnostic): void },
): Promise<number> {
  const { list, host, graph, hosts, limit, vars, playbookDir } = options;
  const asked = [list, host, graph, hosts].filter((one) => one !== undefined && one !== false);
  if (asked.length !== 1)
    throw new UserError([mistake('BadFlags', 'ask for exactly one of --list, --host, --graph and --hosts')]);
  const inventory = await loadInventory(options.inventory, {
    cwd: io.cwd,
    variableFiles: Boolean(list || host !== undefined || vars),
    ...(playbookDir !== undefined && { playbookDir }),
    ...(options.openVault && { openVault: options.openVault }),
  });
  inventory.warnings.forEach(io.warn);

  const output = { export: options.export ?? false, playbookDir: playbookDir !== undefined };
  if (list) io.print(inventoryList(inventory, output));
  else if (host !== undefined) io.print(inventoryHost(inventory, host, output));
  else if (hosts !== undefined) {
    const found = hostsMatching(inventory, hosts, { cwd: io.cwd, ...(limit !== undefined && { limit }) });
    found.warnings.forEach(io.warn);
    found.names.forEach(io.print);
  } else {
    const from = typeof graph === 'string' ? { group: graph } : {};
    io.print(inventoryGraph(inventory, { ...output, ...from, vars: vars ?? false }));
  }
  return 0;
}
