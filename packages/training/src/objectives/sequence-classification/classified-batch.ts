import { type Batch, type ClassifiedText, makeBatch } from '@eigenloom/models';

/** Some of the texts as a batch, with the rows of their classes: [size]. */
export function classifiedBatch(
  texts: readonly ClassifiedText[],
  indices: Int32Array,
  padTokenId: number,
): { readonly batch: Batch; readonly labels: Int32Array } {
  const own = Array.from(indices, (i) => texts[i]).filter((text) => text !== undefined);
  const rows = own.map(({ ids }) => ids);
  return { batch: makeBatch(rows, padTokenId), labels: Int32Array.from(own, ({ label }) => label) };
}
