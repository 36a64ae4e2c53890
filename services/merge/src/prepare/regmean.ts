import type { Preparer } from '../plan/preparation.js';
import { networkOf } from './statistics/network-of.js';
import { ownTexts, tokenizerFolderOf } from './statistics/own-texts.js';
import { type Reading, statisticsByTensor, statisticsOf } from './statistics/statistics-of.js';
import { checkGivenLength } from './statistics/text-length.js';

interface RegmeanSettings {
  readonly batchSize: number;
  readonly reading: Reading;
}

/** Finds the Gram matrices of what goes into the linear modules of every model on its own texts. */
export const regmeanPreparer = ({ batchSize, reading }: RegmeanSettings, method: string): Preparer => ({
  data: (request) => ownTexts(request, method),
  check(plan) {
    for (const input of plan.models) {
      tokenizerFolderOf(input, plan);
      networkOf(input);
    }
    checkGivenLength(reading.maxLength, `${method}.batching.max_length`, plan);
  },
  async prepare(plan, paths, context, given) {
    const statistic = { kind: 'gram' as const, batchSize };
    const stored = await statisticsOf(() => statistic, reading, plan, paths, context, given);
    const statistics = statisticsByTensor(plan, stored);
    const texts = stored.map((one) => one.texts).join(', ');
    return {
      statistics,
      lines: [
        `Gram matrices on ${texts} texts of the models' own tasks; ${statistics.size} of ${plan.tensors.length} tensors have one, the others are weighted means.`,
      ],
    };
  },
});
