import { invalidInput } from '@eigenloom/errors';

import type { ModelParameters } from '../steps/method-facts.js';
import type { MethodMapping } from './mappings.js';
import type { ModelChoice } from '../methods/index.js';
import type { ParameterRule } from './method-mapping.js';
import type { SliceSource } from './modules.js';
import { type Settings, evaluate } from './settings.js';

/** Where a tensor of the result stands. */
export interface TensorPlace {
  readonly name: string;
  /** From 0 at the first layer of its slice to 1 at the last. */
  readonly position: number;
  /** Of slice, module and document: the first that speaks of a parameter holds. */
  readonly scopes: readonly Settings[];
  /** The document, for errors. */
  readonly at: string;
}

function find(
  key: string,
  rule: ParameterRule,
  scopes: readonly (Settings | undefined)[],
  name: string,
  position: number,
): number | undefined {
  for (const scope of scopes) {
    const setting = scope?.get(key);
    const value = setting === undefined ? undefined : evaluate(setting, name, position);
    if (value !== undefined) return rule.within === 'share' ? Math.min(1, Math.max(0, value)) : value;
  }
  return rule.default;
}

/** Parameters of a model for one tensor, whose name there filters are compared with. Errors: `FIELD_MISSING`. */
export function modelParameters(
  source: SliceSource,
  name: string,
  { position, scopes }: TensorPlace,
  { id, model }: MethodMapping,
): ModelParameters {
  const values: Record<string, number> = {};
  for (const [key, rule] of Object.entries(model)) {
    if (rule === undefined) continue;
    const value = find(key, rule, [source.parameters, ...scopes], name, position);
    if (value !== undefined) values[key] = value;
    else if (rule.required === true) {
      const why = `${id} needs it for tensor ${JSON.stringify(name.slice(0, 80))}`;
      throw invalidInput('FIELD_MISSING', `${source.at}.parameters.${key}`, why);
    }
  }
  return { weight: 1, ...values };
}

/** The method for one tensor of the result. Errors: `FIELD_MISSING`. */
export function methodFor(
  { name, position, scopes, at }: TensorPlace,
  { id, method, bind }: MethodMapping,
  models: readonly ModelParameters[],
): ModelChoice {
  const values: Record<string, number | undefined> = {};
  for (const [key, rule] of Object.entries(method)) {
    if (rule === undefined) continue;
    const value = find(key, rule, scopes, name, position);
    if (value === undefined && rule.required === true) {
      const why = `${id} needs it for tensor ${JSON.stringify(name.slice(0, 80))}`;
      throw invalidInput('FIELD_MISSING', `${at}.parameters.${key}`, why);
    }
    values[key] = value;
  }
  return bind(
    values,
    models.map(({ weight }) => weight),
  );
}
