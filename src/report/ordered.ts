import type { Event, PlayStart, Result, Step } from '../engine/events.ts';

/** What a report that reads from top to bottom prints, one after the other. */
export type Block =
  | { readonly block: 'play'; readonly name: string; readonly hosts: readonly string[] }
  | { readonly block: 'step'; readonly step: Step; readonly results: readonly Result[] };

/**
 * Hosts run ahead of each other; a report stays in order. A step's results are given out, in the play's order of hosts,
 * once every host of the batch is past it.
 */
export function inOrder(print: (block: Block) => void): (event: Event) => void {
  let play: PlayStart | undefined;
  let reached = new Map<string, number>();
  let held = new Map<number, Result[]>();
  let next = 0;

  const printUpTo = (limit: number): void => {
    for (; next < limit; next++) {
      const step = play?.steps[next];
      const results = held.get(next);
      if (!step || !results) continue;
      const order = new Map([...reached.keys()].map((host, index) => [host, index]));
      results.sort((a, b) => (order.get(a.host) ?? 0) - (order.get(b.host) ?? 0));
      print({ block: 'step', step, results });
    }
  };

  return (event) => {
    switch (event.event) {
      case 'play_start':
        play = event;
        print({ block: 'play', name: event.name, hosts: event.hosts });
        break;
      case 'batch_start':
        reached = new Map(event.hosts.map((host) => [host, 0]));
        held = new Map();
        next = 0;
        break;
      case 'task_result': {
        const results = held.get(event.step) ?? [];
        results.push(event.result);
        held.set(event.step, results);
        break;
      }
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
