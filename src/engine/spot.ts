/**
 * A place in what a play does on a host, in order: a step. Inside of a block that loops, the first step of that block and
 * the number of the turn stand before it: `[4, 1, 5]` is step 5 in the second turn of the loop that begins at step 4.
 */
export type Spot = readonly number[];

/** Less than 0 where `a` comes first. */
export function compareSpots(a: Spot, b: Spot): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    if (left !== right) return left - right;
  }
  return a.length - b.length;
}
