import type { merge } from '@eigenloom/contracts';
import { opening } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { checkDataset } from '@eigenloom/datasets';
import type { RequestContext } from '@eigenloom/runtime';

import type { ReadInput } from '../plan/planned.js';
import type { Preparer } from '../plan/preparation.js';
import { checkPositive } from '../steps/check-number.js';

/** The data that a request's method reads, resolved, by role; empty for most. Errors: `FIELD_UNUSED`, `OUT_OF_RANGE`; those of the files. */
export async function dataOf(
  request: merge.MergeRequest,
  preparer: Preparer | undefined,
  context: RequestContext,
): Promise<readonly ReadInput[]> {
  const fields = preparer?.data(request) ?? [];
  refuseUnread(request, new Set(fields.map(({ field }) => field)));
  const inputs: ReadInput[] = [];
  for (const { field, role, uri, examples } of fields) {
    const at = examples === undefined ? field : `${field}.uri`;
    const path = await context.resolve(uri, at);
    if (examples !== undefined) {
      const { limit, textField = 'text', labelField = 'label' } = examples;
      checkPositive(limit, `${field}.limit`);
      const { signal } = context;
      await opening({ field: at, uri }, () =>
        checkDataset(path, { textField, labelField, limit: limit ?? 0, signal }),
      );
    }
    const names = new Map([[at, role]]);
    inputs.push({ role, fields: names, files: [path], adapters: [], ignored: [] });
  }
  return inputs;
}

/** Data that would be named in the card and never read. */
function refuseUnread({ models }: merge.MergeRequest, read: ReadonlySet<string>): void {
  for (const [i, { data }] of models.entries()) {
    const field = `models[${i}].data`;
    if (data !== undefined && !read.has(field)) {
      throw invalidInput('FIELD_UNUSED', field, 'the method does not look at the data of this model');
    }
  }
}

/** The local path of each of the data, by role. */
export const pathsOf = (data: readonly ReadInput[]): ReadonlyMap<string, string> =>
  new Map(data.flatMap(({ role = '', files }) => files.map((path) => [role, path] as const)));
