import { join } from 'node:path';

import { adapterLabels } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { classNamesOf } from '@eigenloom/models';

import type { AdapterInput } from './planned.js';

/**
 * The `config.json` beside the first adapter that has one for a head that it saved: it names the classes of the result's head, too.
 * Errors: `LABELS_DIFFER` where adapters have the same classes in another order, for their heads would be averaged row by row.
 */
export async function planLabels(inputs: readonly AdapterInput[]): Promise<string | undefined> {
  let first: { readonly names: readonly string[]; readonly label: string; readonly path: string } | undefined;
  for (const { adapter, label } of inputs) {
    const labels = adapter.savedTensors.size === 0 ? undefined : await adapterLabels(adapter.directory);
    const names = labels === undefined ? undefined : classNamesOf(labels, `${label}: config.json`);
    if (names === undefined) continue;
    first ??= { names, label, path: join(adapter.directory, 'config.json') };
    const known = first.names;
    const same = names.length === known.length && names.every((name) => known.includes(name));
    if (same && names.some((name, row) => name !== known[row])) {
      const shown = (list: readonly string[]): string => list.map((name) => JSON.stringify(name)).join(', ');
      throw incompatible(
        'LABELS_DIFFER',
        `the heads have the classes in another order: ${shown(known)} in ${first.label}, ${shown(names)} in ${label}`,
      );
    }
  }
  return first?.path;
}
