import { KeepBest, type KeepName } from './keep-best.js';
import type { SearchTask } from './search-input.js';
import type { TaskScore } from './task-network.js';

const data = { path: '', textField: '', labelField: '', limit: 0, field: '' };
const task = (model: number, sign: 1 | -1): { task: SearchTask } => ({
  task: { model, head: { path: '', adapters: [], untied: false }, data, sign },
});
const scores = (...accuracies: number[]): TaskScore[] =>
  accuracies.map((accuracy) => ({ accuracy, loss: 1 - accuracy }));
const keeper = (
  name: KeepName,
  signs: readonly (1 | -1)[],
  before: TaskScore[],
  alone: TaskScore[],
): KeepBest =>
  new KeepBest(
    { name, controlThreshold: 0.95 },
    signs.map((sign, i) => task(i, sign)),
    before,
    alone,
  );

test('negation keeps the lowest accuracy on the target among those that keep the control, and ends at the first that does not', () => {
  const keep = keeper('most_forgotten', [-1, 1], scores(0.8, 0.6), []);
  // 0.95 · 0.6 = 0.57.
  expect(keep.isBetter(scores(0.7, 0.58))).toBe(true);
  expect(keep.isEnd(scores(0.7, 0.58))).toBe(false);
  expect(keep.isBetter(scores(0.75, 0.6))).toBe(false);
  expect(keep.isBetter(scores(0.1, 0.56))).toBe(false);
  expect(keep.isEnd(scores(0.1, 0.56))).toBe(true);
});

test('addition keeps the highest mean of accuracies as shares of the models alone', () => {
  const keep = keeper('most_accurate', [1, 1], scores(0.5, 0.2), scores(1, 0.4));
  // Shares: before (0.5 + 0.5)/2 = 0.5; then (0.6 + 0.25)/2 = 0.425, though its plain mean is equal; then (0.5 + 0.75)/2.
  expect(keep.isBetter(scores(0.6, 0.1))).toBe(false);
  expect(keep.isBetter(scores(0.5, 0.3))).toBe(true);
  expect(keep.isEnd(scores(0, 0))).toBe(false);
});

test('of equally accurate coefficients those with the lower loss are kept', () => {
  const before = [{ accuracy: 0.5, loss: 1 }];
  const keep = keeper('most_accurate', [1], before, scores(1));
  expect(keep.isBetter([{ accuracy: 0.5, loss: 1 }])).toBe(false);
  expect(keep.isBetter([{ accuracy: 0.5, loss: 0.9 }])).toBe(true);
});
