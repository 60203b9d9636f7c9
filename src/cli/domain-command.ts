import type { Command } from 'commander';
import type { DomainFlags } from './domain.ts';

/** `kvmplay domain`: a guest module on an XML file. */
export function addDomainCommand(kvmplay: Command): void {
  kvmplay
    .command('domain')
    .description('Run a guest module on a file of domain XML and print what comes of it; no host is touched')
    .argument('<file>', 'the XML of a guest, as `virsh dumpxml --inactive` prints it')
    .requiredOption('-m, --module-name <module>', 'a module for guests, such as cpu_pin')
    .option('-a, --args <args>', 'its parameters: `name=value …`, or a YAML or JSON map', '')
    .option('--root <folder>', 'a folder that stands for the root of the host that the guest is for; / is this machine')
    .option('--topology <file>', 'of that host, what `kvmplay topology --format json` printed')
    .option('-D, --diff', 'show on stderr what is changed')
    .action(async (file: string, flags: DomainFlags) => {
      process.exitCode = await (await import('./domain.ts')).domainCommand(file, flags);
    });
}
