import type { Event, PlayStart, Result, Step } from '../engine/events.ts';
import { bySpot, type Gathered, gatherResult, nameOf } from './by-spot.ts';

/** What a report that reads from top to bottom prints, one after the other. */
export type Block =
  | { readonly block: 'play'; readonly name: string; readonly hosts: readonly string[] }
  | { readonly block: 'step'; readonly step: Step; readonly results: readonly Result[] };

/**
 * Hosts run ahead of each other; a report stays in order. A step's results are given out, in the play's order of hosts,
 * once every host of the batch is past it; those of a block that loops, turn by turn, once every host is past the block.
 */
export function inOrder(print: (block: Block) => void): (event: Event) => void {
  let play: PlayStart | undefined;
  let reached = new Map<string, number>();
  let held: Gathered = new Map();

  const printUpTo = (limit: number): void => {
    const order = new Map([...reached.keys()].map((host, index) => [host, index]));
    for (const one of bySpot(held).filter(({ spot: [step = 0] }) => step < limit)) {
      held.delete(one.key);
      const step = play?.steps[one.step];
      const results = one.results.toSorted((a, b) => (order.get(a.host) ?? 0) - (order.get(b.host) ?? 0));
      if (step) print({ block: 'step', step: { ...step, name: nameOf(step, results) }, results });
    }
  };

  return (event) => {
    switch (event.event) {
      case 'play_start':
        play = event;
        reached = new Map();
        print({ block: 'play', name: event.name, hosts: event.hosts });
        break;
      case 'batch_start':
        if (play && reached.size > 0) print({ block: 'play', name: play.name, hosts: play.hosts });
        reached = new Map(event.hosts.map((host) => [host, 0]));
        held = new Map();
        break;
      case 'task_result':
        gatherResult(held, event);
        break;
      case 'host_past':
        reached.set(event.host, event.step);
        printUpTo(Math.min(...reached.values()));
        break;
      case 'batch_end':
        printUpTo(play?.steps.length ?? 0);
        break;
    }
  };
}
