import { scalingOf } from '@eigenloom/checkpoint';
import type { adapters } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import type { AdapterTensor, RankAndAlpha, Site } from '../parametrisation.js';
import { kaimingUniform } from '../start-values.js';

/** The tensors of a linear module's pair, by PEFT's names. */
export type PairPart = 'lora_A' | 'lora_B';

const DEFAULT_RANK = 8;

/** LoRA with everything decided. */
export interface LoraSettings extends RankAndAlpha {
  readonly rankStabilized: boolean;
  readonly dropout: number;
  /** Of single modules, by what the adapter calls them. */
  readonly modules: ReadonlyMap<string, RankAndAlpha>;
}

/** Fills in the defaults. Errors: `OUT_OF_RANGE`. */
export function settingsOf(parameters: adapters.Lora, field: string): LoraSettings {
  const { rank = DEFAULT_RANK, alpha = rank, rankStabilized, dropout } = parameters;
  const refuse = (name: string, why: string): Error => invalidInput('OUT_OF_RANGE', `${field}.${name}`, why);
  if (!Number.isInteger(rank) || rank < 1) throw refuse('rank', `${rank} is below 1`);
  if (!Number.isFinite(alpha) || alpha <= 0) throw refuse('alpha', `${alpha} is not a positive number`);
  if (!(dropout >= 0 && dropout < 1)) throw refuse('dropout', `${dropout} is not from 0 to below 1`);
  return { rank, alpha, rankStabilized, dropout, modules: new Map() };
}

const ofModule = (settings: LoraSettings, name: string): RankAndAlpha =>
  settings.modules.get(name) ?? settings;

/** s: alpha / r, or alpha / √r when rank-stabilised (arXiv:2312.03732). */
export function scalingAt(settings: LoraSettings, name: string): number {
  const { rank, alpha } = ofModule(settings, name);
  return scalingOf(alpha, rank, settings.rankStabilized);
}

/** A [rank, in] Kaiming-uniform, B [out, rank] zero: the network is unchanged at the start. arXiv:2106.09685, section 4.1. */
export function tensorsOf(settings: LoraSettings, sites: readonly Site[]): AdapterTensor<PairPart>[] {
  return sites.flatMap((site) => {
    if (site.kind !== 'linear') return [];
    const { rank } = ofModule(settings, site.name);
    const { path: module, in: width, out } = site;
    return [
      {
        ...{ part: 'lora_A', module, shape: [rank, width], trained: true, role: 'a' },
        start: ({ seed }) => kaimingUniform(seed, `${module}.weight`, [rank, width]),
      },
      {
        ...{ part: 'lora_B', module, shape: [out, rank], trained: true, role: 'b' },
        start: () => new Float32Array(out * rank),
      },
    ] satisfies AdapterTensor<PairPart>[];
  });
}
