import { join } from 'node:path';
import type { common } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import type { Table } from '@eigenloom/report';

import type { Preparer } from '../../plan/preparation.js';
import { searchLimits, soupDataFields, soupInput } from '../search/plan-search.js';
import type { SearchInput } from '../search/search-input.js';
import type { SearchSettings } from '../search/search-settings.js';
import type { SoupChoice } from './greedy-search.js';

const SOUP_WORKER = join(__dirname, 'soup-worker.js');

/** Finds the models that a greedy soup keeps. */
export const greedySoupPreparer = (
  data: common.DatasetRef,
  settings: SearchSettings,
  method: string,
): Preparer => ({
  data: () => soupDataFields(method, data),
  ...searchLimits(settings, method),
  async prepare(plan, paths, context) {
    const input = soupInput(method, plan, data, settings, paths);
    const choice = await runOnEngine<SearchInput, SoupChoice>(SOUP_WORKER, input, {
      signal: context.signal,
      onProgress: (update) => {
        context.progress({ ...update, fraction: 0.5 * (update.fraction ?? 0) });
      },
    });
    const { kept, soupAccuracy } = choice;
    return {
      kept,
      // A soup that found nothing better than one model is that model.
      mayChangeNothing: kept.length === 1,
      lines: [soupLine(choice)],
      metrics: { soup_accuracy: soupAccuracy, kept_models: kept.length },
      tables: [candidatesTable(choice)],
    };
  },
});

const candidatesTable = ({ kept, accuracies }: SoupChoice): Table => ({
  id: 'candidates',
  title: 'Models by held-out accuracy alone, and which of them the soup keeps',
  columns: [
    { name: 'model', description: 'position in the request' },
    { name: 'accuracy', description: 'of the model alone' },
    {
      name: 'accepted',
      description: 'place in the order of acceptance, from 1; null where the model is not kept',
    },
  ],
  rows: accuracies.map((accuracy, model) => ({
    model,
    accuracy,
    accepted: kept.includes(model) ? kept.indexOf(model) + 1 : null,
  })),
});

function soupLine({ kept, accuracies, soupAccuracy }: SoupChoice): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return `Kept models, in order of acceptance: ${kept.join(', ')} (positions from 0). Held-out accuracy of each alone: ${accuracies.map(percent).join(', ')}; of the soup: ${percent(soupAccuracy)}.`;
}
