import { openModelRef } from '@eigenloom/adapters';
import type { common } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';

import type { PlannedInput } from './planned.js';

/** Opens a model that a request names at a field. `label` is what messages call it. */
export async function openRef(
  ref: common.ModelRef | undefined,
  field: string,
  label: string,
  context: RequestContext,
): Promise<PlannedInput> {
  if (ref === undefined) throw invalidInput('FIELD_MISSING', field, 'which model?');
  const role = label.replace(/\[(\d+)\]$/, '/$1');
  const fields = new Map([[`${field}.uri`, role]]);
  for (const index of ref.adapters.keys()) {
    fields.set(`${field}.adapters[${index}]`, `${role}/adapters/${index}`);
  }
  const { path, adapters, model } = await openModelRef(ref, field, context, { label });
  const files = [...model.weightFiles.values()];
  return { path, adapters, model, label, role, fields, files, ignored: model.ignored };
}
