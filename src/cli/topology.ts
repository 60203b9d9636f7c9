import { basename } from 'node:path';
import { topologyHtml } from '../report/topology-html.ts';
import { topologySvg } from '../report/topology-svg.ts';
import { topologyText } from '../report/topology-text.ts';
import { topologyJson } from '../topology/index.ts';
import { EXIT } from './exit.ts';
import { readTopology, type TopologyFlags } from './read-topology.ts';

type Form = 'text' | 'json' | 'svg' | 'html';

export interface TopologyCommandFlags extends TopologyFlags {
  readonly format: Form;
  readonly output?: Form;
}

/** `kvmplay topology`. Gives the exit status. */
export async function topologyCommand(host: string | undefined, flags: TopologyCommandFlags): Promise<number> {
  const { name: asked, topology } = await readTopology(host, flags);
  // A folder's or a file's name says less than what the machine calls itself.
  const name = host ?? topology.hostname ?? (basename(asked) || asked);
  const forms: Readonly<Record<Form, () => string>> = {
    text: () => topologyText(name, topology),
    json: () => `${JSON.stringify(topologyJson(topology), null, 2)}\n`,
    svg: () => topologySvg(name, topology),
    html: () => topologyHtml(name, topology),
  };
  process.stdout.write(forms[flags.output ?? flags.format]());
  return EXIT.ok;
}
