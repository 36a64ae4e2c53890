import { normalizedWords } from './plain-text.js';

/** Words in a shingle. */
const SHINGLE_WORDS = 3;
/** Two texts whose shingle sets have at least this Jaccard similarity are near-duplicates. */
export const NEAR_DUPLICATE_JACCARD = 0.5;

/** The text's set of three-word sequences; the whole text when it is shorter. */
export function shingles(text: string): Set<string> {
  const words = normalizedWords(text);
  const out = new Set<string>();
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i += 1)
    out.add(words.slice(i, i + SHINGLE_WORDS).join(' '));
  if (out.size === 0) out.add(words.join(' '));
  return out;
}

export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const item of a) if (b.has(item)) shared += 1;
  return shared / (a.size + b.size - shared);
}

/**
 * Positions of texts that are a near-duplicate of an earlier kept one. Exact, not hashed: with shingles in one global order, two
 * sets of similarity ≥ t share an item in their first n − ⌈t·n⌉ + 1 items (prefix filter; Bayardo, Ma & Srikant, WWW 2007), so only
 * those are indexed, rarest first.
 */
export function nearDuplicates(texts: readonly string[], threshold = NEAR_DUPLICATE_JACCARD): Set<number> {
  const sets = texts.map(shingles);
  const frequency = new Map<string, number>();
  for (const set of sets) for (const item of set) frequency.set(item, (frequency.get(item) ?? 0) + 1);
  const rarestFirst = (a: string, b: string): number =>
    (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1);
  const index = new Map<string, number[]>();
  const duplicates = new Set<number>();
  sets.forEach((set, position) => {
    const prefix = [...set].sort(rarestFirst).slice(0, set.size - Math.ceil(threshold * set.size) + 1);
    const candidates = new Set(prefix.flatMap((item) => index.get(item) ?? []));
    for (const candidate of candidates) {
      if (jaccard(set, sets[candidate] ?? new Set()) >= threshold) {
        duplicates.add(position);
        return;
      }
    }
    for (const item of prefix) {
      const entry = index.get(item);
      if (entry === undefined) index.set(item, [position]);
      else entry.push(position);
    }
  });
  return duplicates;
}
