import { join } from 'node:path';

import { runOnEngine } from '@eigenloom/engine';

import { definePreparer } from '../prepare/preparation.js';
import type { SoupChoice } from './greedy-search.js';
import type { SoupTask } from './soup-worker.js';

const SOUP_WORKER = join(__dirname, 'soup-worker.js');
const DEFAULT_BATCH_SIZE = 32;
const DEFAULT_MAX_LENGTH = 128;

/** Finds the models that a greedy soup keeps. */
export const greedySoupPreparer = definePreparer({
  case: 'greedySoup',
  data: ({ data }) => (data === undefined ? [] : [{ field: 'greedy_soup.data', role: 'data', ref: data }]),
  async prepare({ data, batchSize, maxLength }, plan, paths, context) {
    const task: SoupTask = {
      models: plan.models.map((model) => ({ path: model.path, adapters: model.adapters })),
      tokenizerFolder: plan.donor.directory,
      data: {
        path: paths.get('data') ?? '',
        textField: data?.textField || 'text',
        labelField: data?.labelField || 'label',
        limit: data?.limit ?? 0,
      },
      batchSize: batchSize || DEFAULT_BATCH_SIZE,
      maxLength: maxLength || DEFAULT_MAX_LENGTH,
    };
    const choice = await runOnEngine<SoupTask, SoupChoice>(SOUP_WORKER, task, {
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
