import { join } from 'node:path';

import { runOnEngine } from '@eigenloom/engine';

import { definePreparer } from '../prepare/preparation.js';
import { searchMemory, soupDataFields, soupInput } from '../search/plan-search.js';
import type { SearchInput } from '../search/search-input.js';
import type { SoupChoice } from './greedy-search.js';

const SOUP_WORKER = join(__dirname, 'soup-worker.js');
const METHOD = 'greedy_soup';

/** Finds the models that a greedy soup keeps. */
export const greedySoupPreparer = definePreparer({
  case: 'greedySoup',
  data: ({ data }) => soupDataFields(METHOD, data),
  memory: (parameters, plan) => searchMemory(plan, parameters),
  async prepare(parameters, plan, paths, context) {
    const input = soupInput(METHOD, plan, parameters, paths);
    const choice = await runOnEngine<SearchInput, SoupChoice>(SOUP_WORKER, input, {
      signal: context.signal,
      onProgress: (update) => {
        context.progress({ ...update, fraction: 0.5 * (update.fraction ?? 0) });
      },
    });
    const { kept, accuracies, soupAccuracy } = choice;
    return {
      kept,
      // A soup that found nothing better than one model is that model.
      mayChangeNothing: kept.length === 1,
      lines: [soupLine(choice)],
      response: { kept: [...kept], accuracies: [...accuracies], soupAccuracy },
    };
  },
});

function soupLine({ kept, accuracies, soupAccuracy }: SoupChoice): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return `Kept models, in order of acceptance: ${kept.join(', ')} (positions from 0). Held-out accuracy of each alone: ${accuracies.map(percent).join(', ')}; of the soup: ${percent(soupAccuracy)}.`;
}
