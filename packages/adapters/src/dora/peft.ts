import {
  type JsonObject,
  LORA_FORMAT,
  type PeftFormat,
  parseSettings,
  patternValue,
} from '@eigenloom/checkpoint';

import { configOf as configOfPair } from '../lora/peft.js';
import type { LoraSettings } from '../lora/spec.js';
import type { ConfigContext, FactorValues } from '../parametrisation.js';
import type { DoraPart } from './spec.js';

/** LoRA's with `use_dora`, and one tensor more. */
export const DORA_FORMAT: PeftFormat<DoraPart> = {
  peftType: LORA_FORMAT.peftType,
  claims: ({ use_dora: dora }) => dora === true,
  parts: {
    lora_A: LORA_FORMAT.parts.lora_A,
    lora_B: LORA_FORMAT.parts.lora_B,
    lora_magnitude_vector: { at: 'module' },
  },
};

export const configOf = (settings: LoraSettings, context: ConfigContext): JsonObject => ({
  ...configOfPair(settings, context),
  use_dora: true,
});

/** The settings of an adapter that has been read. Errors: `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`. */
export function settingsFrom(
  raw: JsonObject,
  factors: readonly Pick<FactorValues, 'module'>[],
): LoraSettings {
  const { rank, alpha, rankStabilized, dropout, rankPattern, alphaPattern } = parseSettings(raw, [
    'use_dora',
  ]);
  const names = new Set(factors.map(({ module }) => module));
  const modules = new Map(
    [...names]
      .filter((name) => name !== null)
      .map((name) => [
        name,
        { rank: patternValue(rankPattern, name, rank), alpha: patternValue(alphaPattern, name, alpha) },
      ]),
  );
  return { rank, alpha, rankStabilized, dropout, modules };
}
