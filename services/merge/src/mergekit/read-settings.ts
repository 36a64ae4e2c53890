import { invalidInput } from '@eigenloom/errors';

import { readFields, unknownField } from './fields.js';
import { KNOWN_PARAMETERS, type MethodMapping, type ParameterRule } from './mappings.js';
import { type Setting, type Settings, readSetting } from './settings.js';

/**
 * Reads `parameters` for a method. A name of another method only is noted, for configurations carry such along; a name of none is an
 * error. Errors: `UNKNOWN_FIELD`, `WRONG_TYPE`, `OUT_OF_RANGE`, `UNSUPPORTED_PARAMETER`.
 */
export function readSettings(
  value: unknown,
  at: string,
  mapping: MethodMapping,
  notes: Set<string>,
): Settings {
  const settings = new Map<string, Setting>();
  if (value === undefined) return settings;
  const empty = Object.entries(value ?? {}).find(([, item]) => item === null);
  if (empty !== undefined) {
    throw invalidInput(
      'WRONG_TYPE',
      `${at}.${empty[0]}`,
      'is null; give a number, or leave the parameter out',
    );
  }
  for (const [name, item] of Object.entries(readFields(value, at))) {
    if (!KNOWN_PARAMETERS.includes(name)) throw unknownField(name, at, KNOWN_PARAMETERS);
    const setting = readSetting(item, `${at}.${name}`);
    const rules = [mapping.method[name], mapping.model[name]].filter((rule) => rule !== undefined);
    if (rules.length === 0) notes.add(`${mapping.id} has no parameter ${name}; it is not used`);
    for (const rule of rules) checkRange(setting, rule);
    settings.set(name, setting);
  }
  return settings;
}

function checkRange({ at, conditions }: Setting, { within, only }: ParameterRule): void {
  for (const value of conditions.flatMap((condition) => condition.value)) {
    if (only !== undefined && value !== only) {
      throw invalidInput(
        'UNSUPPORTED_PARAMETER',
        at,
        `only ${only === 0 ? 'false' : String(only)} is supported`,
      );
    }
    if (within === 'whole' && !(Number.isInteger(value) && value >= 0)) {
      throw invalidInput('OUT_OF_RANGE', at, `${value} is not a whole number from 0 up`);
    }
  }
}
