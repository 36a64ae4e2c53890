import { type JsonObject, type PeftFormat, configFields } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';

import type { ConfigContext } from '../parametrisation.js';
import type { VeraPart, VeraSettings } from './spec.js';

export const VERA_FORMAT: PeftFormat<VeraPart> = {
  peftType: 'VERA',
  parts: {
    vera_A: { at: 'shared' },
    vera_B: { at: 'shared' },
    vera_lambda_b: { at: 'module' },
    vera_lambda_d: { at: 'module' },
  },
};

export const configOf = (
  { rank, dInitial, dropout }: VeraSettings,
  { fanInFanOut }: ConfigContext,
): JsonObject => ({
  r: rank,
  d_initial: dInitial,
  vera_dropout: dropout,
  fan_in_fan_out: fanInFanOut,
  save_projection: true,
});

/** The settings of an adapter that has been read. Errors: `CORRUPT_ADAPTER`; `UNSUPPORTED_ADAPTER` where A and B are not stored. */
export function settingsFrom(raw: JsonObject): VeraSettings {
  if (raw['save_projection'] === false) {
    throw incompatible(
      'UNSUPPORTED_ADAPTER',
      'adapter_config.json: save_projection is false, and the random numbers of another program are not drawn here; save it again with true',
    );
  }
  const dropout = raw['vera_dropout'] ?? 0;
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout <= 1))
    throw configFields.wrong(
      'vera_dropout',
      `is ${configFields.shown(dropout)}; a number from 0 to 1 is wanted`,
    );
  return {
    rank: configFields.count(raw, 'r', 256),
    dInitial: configFields.number(raw, 'd_initial', 0.1),
    dropout,
  };
}
