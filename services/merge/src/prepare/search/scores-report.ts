import type { Table } from '@eigenloom/report';

import type { Preparation } from '../../plan/preparation.js';
import type { TaskScore } from './task-network.js';

/** Scores by task. */
export interface Scores {
  readonly before: readonly TaskScore[];
  readonly alone: readonly (TaskScore | undefined)[];
  readonly after: readonly TaskScore[];
}

const TABLE = {
  id: 'task_scores',
  title: 'Scores of the tasks, on the examples that were searched with',
  columns: [
    { name: 'model', description: 'position in the request of the model whose task it is' },
    {
      name: 'loss_before',
      unit: 'nats',
      description: 'of the base; of a learned soup that of equal weights',
    },
    { name: 'accuracy_before' },
    { name: 'loss_alone', unit: 'nats', description: 'of the model itself' },
    { name: 'accuracy_alone' },
    { name: 'loss_after', unit: 'nats', description: 'of the result' },
    { name: 'accuracy_after' },
  ],
} as const;

/**
 * What a report says of how well the tasks of models, by their positions, do. A loss is the mean cross-entropy, without labels the mean
 * entropy of the predictions; an accuracy is null without labels. Metrics are the means over the tasks.
 */
export function scoresReport(
  models: readonly number[],
  { before, alone, after }: Scores,
): Required<Pick<Preparation, 'metrics' | 'tables'>> {
  const table: Table = {
    ...TABLE,
    rows: models.map((model, i) => ({
      model,
      ...{ loss_before: before[i]?.loss ?? null, accuracy_before: before[i]?.accuracy ?? null },
      ...{ loss_alone: alone[i]?.loss ?? null, accuracy_alone: alone[i]?.accuracy ?? null },
      ...{ loss_after: after[i]?.loss ?? null, accuracy_after: after[i]?.accuracy ?? null },
    })),
  };
  const metrics = {
    ...{ loss_before: mean(before, 'loss'), accuracy_before: mean(before, 'accuracy') },
    ...{ loss_after: mean(after, 'loss'), accuracy_after: mean(after, 'accuracy') },
  };
  return { metrics, tables: [table] };
}

/** Null where a task lacks the score. */
function mean(scores: readonly TaskScore[], of: 'loss' | 'accuracy'): number | null {
  const values = scores.flatMap((score) => score[of] ?? []);
  if (values.length === 0 || values.length < scores.length) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
