import { closest, distance } from 'fastest-levenshtein';

/** Longer words are not names that someone mistyped. */
const MAX_WORD = 64;

/** The name that was probably meant: at most a third of its letters differ. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length > MAX_WORD || names.length === 0) return undefined;
  const best = closest(word, [...names]);
  return distance(word, best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}
