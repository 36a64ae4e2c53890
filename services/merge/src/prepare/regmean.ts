import { networkOf } from '../statistics/network-of.js';
import { ownTexts, tokenizerFolderOf } from '../statistics/own-texts.js';
import { statisticsByTensor, statisticsOf } from '../statistics/statistics-of.js';
import { definePreparer } from './preparation.js';

const DEFAULT_BATCH_SIZE = 32;

/** Finds the Gram matrices of what goes into the linear modules of every model on its own texts. */
export const regmeanPreparer = definePreparer({
  case: 'regmean',
  data: (_parameters, request) => ownTexts(request, 'regmean'),
  check(_parameters, plan) {
    for (const input of plan.models) {
      tokenizerFolderOf(input, plan);
      networkOf(input);
    }
  },
  async prepare({ batchSize, ...reading }, plan, paths, context, given) {
    const statistic = { kind: 'gram' as const, batchSize: batchSize || DEFAULT_BATCH_SIZE };
    const stored = await statisticsOf(() => statistic, reading, plan, paths, context, given);
    const statistics = statisticsByTensor(plan, stored);
    const texts = stored.map((one) => one.texts).join(', ');
    return {
      statistics,
      lines: [
        `Gram matrices on ${texts} texts of the models' own tasks; ${statistics.size} of ${plan.tensors.length} tensors have one, the others are weighted means.`,
      ],
      response: {},
    };
  },
});
