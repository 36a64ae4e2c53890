import type { ImageSet } from './image-set.js';

/**
 * Numbers of the first `limit` images, ascending; 0: all. Files of a folder have no order between their classes, so each class in turn gives
 * its next one.
 */
export function firstImages(
  { count, labels, classes }: Pick<ImageSet, 'count' | 'labels' | 'classes'>,
  limit: number,
): Int32Array {
  if (limit === 0 || limit >= count) return Int32Array.from({ length: count }, (_, i) => i);
  if (classes === undefined || labels === undefined) return Int32Array.from({ length: limit }, (_, i) => i);
  const taken = new Int32Array(classes.length);
  // How many come before an image: one of each earlier turn, and its own turn's of classes before it.
  const turns = Array.from({ length: count }, (_, i) => {
    const label = labels[i] ?? 0;
    const turn = taken[label] ?? 0;
    taken[label] = turn + 1;
    return { i, turn, label };
  });
  turns.sort((a, b) => a.turn - b.turn || a.label - b.label);
  return Int32Array.from(turns.slice(0, limit), ({ i }) => i).sort();
}
