import { longrunning } from '@eigenloom/contracts';

/** Of the operations of a page; the server sends 4 MiB at most. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** As many of the operations as a message holds, at least one: a page may be shorter than asked for. */
export function fittingPage<T extends { readonly operation: longrunning.Operation }>(
  page: readonly T[],
): readonly T[] {
  let bytes = 0;
  const end = page.findIndex(({ operation }) => {
    bytes += longrunning.Operation.encode(operation).finish().length;
    return bytes > MAX_PAGE_BYTES;
  });
  return end < 0 ? page : page.slice(0, Math.max(1, end));
}
