import { invalidInput } from '@eigenloom/errors';

import type { MethodMapping } from './mappings.js';
import type { Slice, SliceSource } from './modules.js';

/** The sources of a slice as a method takes them. */
export interface SliceRoles {
  /** In the order in which the method takes them. */
  readonly models: readonly SliceSource[];
  /** What the method subtracts. */
  readonly origin: SliceSource | undefined;
}

/** Tells the base from the models, by what it is to the method. Errors: `FIELD_MISSING`, `OUT_OF_RANGE`, `MODEL_REPEATED`. */
export function rolesOf({ at, base, sources }: Slice, mapping: MethodMapping): SliceRoles {
  const { id, base: role, needsBase } = mapping;
  refuseRepeated(sources);
  const baseSource = base === undefined ? undefined : sources.find(({ input }) => input === base);
  if (base === undefined && needsBase) {
    throw invalidInput('FIELD_MISSING', `${at.split('.')[0] ?? at}.base_model`, `${id} needs the base model`);
  }
  if (base !== undefined && role !== 'model' && baseSource === undefined) {
    throw invalidInput(
      'FIELD_MISSING',
      `${at}.sources`,
      `the base model, which ${id} needs, is not among them`,
    );
  }
  const others = sources.filter((source) => source !== baseSource);
  const models = role === 'model' || baseSource === undefined ? sources : others;
  const ordered = role === 'first' && baseSource !== undefined ? [baseSource, ...others] : models;
  checkCount(ordered.length, at, mapping);
  return { models: ordered, origin: role === 'origin' ? baseSource : undefined };
}

function checkCount(count: number, at: string, { id, base, models: [fewest, most] }: MethodMapping): void {
  if (count >= fewest && count <= most) return;
  const wanted = fewest === most ? String(fewest) : `${fewest} or more`;
  const beside = { origin: ' beside the base', first: ', the base being one', model: '' }[base];
  throw invalidInput('OUT_OF_RANGE', at, `${id} takes ${wanted} models${beside}, and ${count} are given`);
}

/** mergekit would keep one of them and say nothing. */
function refuseRepeated(sources: readonly SliceSource[]): void {
  const seen = new Set<SliceSource['input']>();
  for (const { at, input } of sources) {
    if (seen.has(input)) throw invalidInput('MODEL_REPEATED', at, 'is the same model as another source here');
    seen.add(input);
  }
}
