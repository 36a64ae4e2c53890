import { incompatible } from '@eigenloom/errors';

import { isEmbedding } from '../module-kind.js';
import type { TensorInfo } from '../model/model.js';
import { CONFIG_FILE, type PeftSettings } from './adapter.js';
import { isNamed, targetRule } from './target-rules.js';

const SUFFIX = '.weight';
/** Modules that a message names. */
const NAMED = 3;

/** What of a model an adapter changes. */
export interface Covered {
  /** Tensors with a pair, by their names in the model. */
  readonly pairs: ReadonlySet<string>;
  /** Tensors in full, by their names in the model or new. */
  readonly saved: ReadonlySet<string>;
  /** The path in PEFT's model of a module here. */
  readonly pathOf: (module: string) => string;
}

/**
 * Refuses an adapter that lacks what its config says it has; PEFT loads it with a warning, and then the base is used for what is missing.
 * Errors: `ADAPTER_INCOMPLETE`.
 */
export function checkPromises(
  settings: PeftSettings,
  tensors: ReadonlyMap<string, TensorInfo>,
  covered: Covered,
): void {
  checkPairs(settings, tensors, covered);
  checkSaved(settings, tensors, covered);
}

function checkPairs(
  settings: PeftSettings,
  tensors: ReadonlyMap<string, TensorInfo>,
  { pairs, saved, pathOf }: Covered,
): void {
  const isTarget = targetRule(settings);
  if (isTarget === undefined) return;
  const all = settings.targetPattern?.toLowerCase() === 'all-linear';
  const missing = [...tensors.values()]
    .filter(
      ({ name, shape }) => name.endsWith(SUFFIX) && shape.length >= 2 && !pairs.has(name) && !saved.has(name),
    )
    .map(({ name, shape }) => ({ path: name.slice(0, -SUFFIX.length), shape }))
    .filter(({ path, shape }) => isTarget(pathOf(path)) && !(all && (shape.length > 2 || isEmbedding(path))));
  if (missing.length === 0) return;
  throw incomplete(
    `the file has no pair for ${listed(missing.map(({ path }) => path))}, which target_modules names; ` +
      'save the adapter again, or take what was not trained out of target_modules',
  );
}

function checkSaved(
  { modulesToSave }: PeftSettings,
  tensors: ReadonlyMap<string, TensorInfo>,
  { saved, pathOf }: Covered,
): void {
  if (modulesToSave.length === 0) return;
  const owner = (name: string): string => pathOf(name.slice(0, Math.max(0, name.lastIndexOf('.'))));
  const missing = [...tensors.keys()].filter(
    (name) => isNamed(owner(name), modulesToSave) && !saved.has(name),
  );
  if (missing.length > 0) {
    throw incomplete(
      `the file lacks ${listed(missing)} of the base, which modules_to_save says is trained in full; save the adapter again`,
    );
  }
  if ([...saved].some((name) => isNamed(owner(name), modulesToSave))) return;
  throw incomplete(
    `modules_to_save names ${listed(modulesToSave)}, and neither the file nor the base has such a module; ` +
      'train or save the adapter again, or take the names out',
  );
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, NAMED).map((name) => JSON.stringify(name));
  return first.join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
}

const incomplete = (why: string): Error =>
  incompatible('ADAPTER_INCOMPLETE', `${CONFIG_FILE}: ${why}`, { details: { file: CONFIG_FILE } });
