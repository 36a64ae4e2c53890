import {
  type AdapterModule,
  type JsonObject,
  type LoadedAdapter,
  loraConfig,
  pairPart,
} from '@eigenloom/checkpoint';

import { type ConfigContext, type FactorValues, factorName } from '../parametrisation.js';
import { type LoraSettings, scalingAt } from './spec.js';

/** The keys of PEFT's `LoraConfig`. The values are what they are, whatever they started from, so the start is PEFT's default. */
export function configOf(settings: LoraSettings, { modules, fanInFanOut }: ConfigContext): JsonObject {
  const ranks = new Map(
    modules.map(({ name, path }) => [path, settings.modules.get(name) ?? settings] as const),
  );
  return loraConfig({ ...settings, fanInFanOut, initLoraWeights: true }, ranks);
}

/** The settings of an adapter that has been read. */
export const settingsFrom = ({
  settings,
  modules,
}: Pick<LoadedAdapter, 'settings' | 'modules'>): LoraSettings => ({
  rank: settings.rank,
  alpha: settings.alpha,
  rankStabilized: settings.rankStabilized,
  dropout: settings.dropout,
  modules,
});

/** The factors of pairs, module by module. */
export const factorsOf = (modules: ReadonlyMap<string, AdapterModule>): FactorValues[] =>
  [...modules].flatMap(([module, { kind, a, aShape, b, bShape }]) => [
    { part: pairPart(kind, 'a'), module, shape: aShape, data: a },
    { part: pairPart(kind, 'b'), module, shape: bShape, data: b },
  ]);

/** The pairs that factors make up. */
export function pairsOf(
  settings: LoraSettings,
  factors: readonly FactorValues[],
): ReadonlyMap<string, AdapterModule> {
  const byName = new Map(factors.map((factor) => [factorName(factor.part, factor.module), factor]));
  const modules = [...new Set(factors.map(({ module }) => module))].filter((module) => module !== null);
  return new Map(
    modules.map((module) => {
      const [a, b] = (['a', 'b'] as const).map((side) =>
        byName.get(factorName(pairPart('linear', side), module)),
      );
      if (a === undefined || b === undefined) throw new Error(`${module} has one factor of a pair`);
      const { rank, alpha } = settings.modules.get(module) ?? settings;
      const scaling = scalingAt(settings, module);
      return [
        module,
        { kind: 'linear', rank, alpha, scaling, a: a.data, aShape: a.shape, b: b.data, bShape: b.shape },
      ];
    }),
  );
}
