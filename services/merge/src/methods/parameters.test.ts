import { merge } from '@eigenloom/contracts';

import { METHODS } from './index.js';

const create = (choice: object): unknown => METHODS.create(merge.MergeMethod.fromJSON(choice).kind);
const data = { uri: 'data.jsonl' };

// What is given is meant: 0 is no way to ask for a default.
test.each<[string, object]>([
  ['greedy_soup.batching.batch_size', { greedy_soup: { data, batching: { batch_size: 0 } } }],
  ['greedy_soup.batching.max_length', { greedy_soup: { data, batching: { max_length: 0 } } }],
  ['greedy_soup.batching.max_length', { greedy_soup: { data, batching: { max_length: 1 } } }],
  ['greedy_soup.budget.memory_bytes', { greedy_soup: { data, budget: { memory_bytes: '0' } } }],
  ['learned_soup.budget.epochs', { learned_soup: { data, budget: { epochs: 0 } } }],
  ['learned_soup.budget.learning_rate', { learned_soup: { data, budget: { learning_rate: 0 } } }],
  ['atlas.penalty_norm', { atlas: { penalty_norm: 0 } }],
  ['ada_merging.budget.steps', { ada_merging: { budget: { steps: 0 } } }],
  ['graft.batches_per_step', { graft: { batches_per_step: 0 } }],
  ['fisher.examples', { fisher: { examples: 0 } }],
  ['fisher.max_length', { fisher: { max_length: 0 } }],
  ['regmean.examples', { regmean: { examples: 0 } }],
  ['regmean.batching.batch_size', { regmean: { batching: { batch_size: 0 } } }],
  ['consensus.min_tasks', { consensus: { min_tasks: 0 } }],
  ['adapter_svd.rank', { adapter_svd: { rank: 0 } }],
  ['adapter_knots.rank', { adapter_knots: { rank: 0 } }],
  ['extract_adapter.rank', { extract_adapter: { rank: 0 } }],
  ['mixture_of_experts.experts_per_token', { mixture_of_experts: { experts_per_token: 0 } }],
])('%s of nothing is refused', (field, choice) => {
  expect(() => create(choice)).toThrow(
    expect.objectContaining({
      reason: 'OUT_OF_RANGE',
      fieldViolations: [expect.objectContaining({ field })],
    }) as Error,
  );
});

test.each<[string, object]>([
  ['greedy_soup.budget.epochs', { greedy_soup: { data, budget: { epochs: 3 } } }],
  ['greedy_soup.budget.learning_rate', { greedy_soup: { data, budget: { learning_rate: 0.1 } } }],
  ['learned_soup.budget.steps', { learned_soup: { data, budget: { steps: 3 } } }],
  ['atlas.budget.steps', { atlas: { budget: { steps: 3 } } }],
  ['ada_merging.budget.epochs', { ada_merging: { budget: { epochs: 3 } } }],
  ['graft.budget.epochs', { graft: { budget: { epochs: 3 } } }],
])('%s, which the method has no use for, is refused', (field, choice) => {
  expect(() => create(choice)).toThrow(
    expect.objectContaining({
      reason: 'FIELD_UNUSED',
      fieldViolations: [expect.objectContaining({ field })],
    }) as Error,
  );
});

test('a graft of no steps is the elements that moved furthest', () => {
  expect(() => create({ graft: { budget: { steps: 0 } } })).not.toThrow();
});
