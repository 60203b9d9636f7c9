import { distance } from 'fastest-levenshtein';

/** The candidate that was most likely meant, or undefined when none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = normal(word);
  const limit = wanted.length <= 3 ? 1 : wanted.length <= 6 ? 2 : 3;
  let best: string | undefined;
  let least = limit + 1;
  for (const candidate of candidates) {
    const steps = distance(wanted, normal(candidate));
    // A short name is close to everything.
    if (steps >= least || steps >= Math.max(candidate.length, word.length)) continue;
    best = candidate;
    least = steps;
  }
  return best;
}

/** `did you mean "name"?`, or undefined. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = nearest(word, candidates);
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

const normal = (word: string): string => word.slice(0, 200).toLowerCase().replaceAll(/[-. ]/g, '_');
