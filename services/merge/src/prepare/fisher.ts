import { merge } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import { findClassifierHead } from '@eigenloom/models';

import type { MergePlan, PlannedInput } from '../plan/planned.js';
import type { Preparer } from '../plan/preparation.js';
import { networkOf } from './statistics/network-of.js';
import { ownTexts, tokenizerFolderOf } from './statistics/own-texts.js';
import type { StatisticKind } from './statistics/statistic.js';
import { type Reading, statisticsByTensor, statisticsOf } from './statistics/statistics-of.js';
import type { StoredStatistic } from './statistics/stored-statistic.js';
import { checkGivenLength } from './statistics/text-length.js';

interface FisherSettings {
  readonly labels: merge.FisherLabels;
  /** Divide the weights by the norms of the Fisher information. */
  readonly normalize: boolean;
  readonly reading: Reading;
}

/** Finds the Fisher information of every model on its own texts. */
export const fisherPreparer = ({ labels, normalize, reading }: FisherSettings, method: string): Preparer => ({
  data: (request) => ownTexts(request, method),
  check(plan) {
    for (const input of plan.models) {
      tokenizerFolderOf(input, plan);
      if (isClassifier(input)) continue;
      if (networkOf(input).family.heads.language_modeling === undefined) {
        throw incompatible(
          'NO_LIKELIHOOD',
          `${input.label}: has neither a classification nor a language head`,
        );
      }
      if (labels === merge.FisherLabels.EXACT) {
        throw invalidInput('OUT_OF_RANGE', `${method}.labels`, `${input.label} has no classes to go through`);
      }
    }
    checkGivenLength(reading.maxLength, `${method}.max_length`, plan);
  },
  async prepare(plan, paths, context, given) {
    const kindOf = (input: PlannedInput): StatisticKind => {
      const sampled = labels === merge.FisherLabels.SAMPLED || !isClassifier(input);
      return sampled
        ? { kind: 'fisher', labels: 'sampled', seed: plan.seed }
        : { kind: 'fisher', labels: 'exact', seed: 0n };
    };
    const stored = await statisticsOf(kindOf, reading, plan, paths, context, given);
    const statistics = statisticsByTensor(plan, stored);
    const texts = stored.map((one) => one.texts).join(', ');
    return {
      statistics,
      ...(normalize
        ? { weights: await dividedByNorms(plan, stored, [...statistics.keys()], context.signal) }
        : {}),
      lines: [
        `Fisher information on ${texts} texts of the models' own tasks; ${statistics.size} of ${plan.tensors.length} tensors have it, the others are weighted means.`,
      ],
    };
  },
});

const isClassifier = (input: PlannedInput): boolean =>
  findClassifierHead(networkOf(input).family, input.model.tensors) !== undefined;

/** The weights of the tensors with Fisher information, each divided by the norm of the model's. */
async function dividedByNorms(
  plan: MergePlan,
  stored: readonly StoredStatistic[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, readonly number[]>> {
  const norms: number[] = [];
  for (const one of stored) norms.push(await one.norm(signal));
  const weights = new Map<string, readonly number[]>();
  for (const { name, sources } of plan.tensors) {
    if (!names.includes(name)) continue;
    weights.set(
      name,
      sources.map(({ parameters }, position) => parameters.weight / (norms[position] || 1)),
    );
  }
  return weights;
}
