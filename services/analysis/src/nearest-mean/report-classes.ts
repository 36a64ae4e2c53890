import type { Report } from '@eigenloom/report';
import type { ClassSums } from './class-sums.js';

/** Right and wrong predictions: how often a class was taken for another, by label and prediction. */
export class Confusion {
  readonly #counts = new Map<number, Map<number, number>>();
  total = 0;

  add(label: number, predicted: number): void {
    const row = this.#counts.get(label) ?? new Map<number, number>();
    this.#counts.set(label, row.set(predicted, (row.get(predicted) ?? 0) + 1));
    this.total += 1;
  }

  /** Labels that occur, ascending. */
  get labels(): number[] {
    return [...this.#counts.keys()].sort((a, b) => a - b);
  }

  /** By prediction. */
  row(label: number): ReadonlyMap<number, number> {
    return this.#counts.get(label) ?? new Map();
  }
}

/** Accuracy in all and by class, and what was taken for what. `learned` are the examples of this run. */
export function reportClasses(
  sums: ClassSums,
  learned: number,
  confusion: Confusion,
): Omit<Report, 'method' | 'paper'> {
  const { total } = confusion;
  const rows = [...new Set([...sums.labels, ...confusion.labels])]
    .sort((a, b) => a - b)
    .map((label) => rowOf(label, sums, confusion));
  const right = rows.reduce((sum, { correct }) => sum + correct, 0);
  const tested = rows.filter(({ tested: count }) => count > 0);
  return {
    title: 'Classification by the nearest class mean',
    metrics: {
      accuracy: total === 0 ? null : right / total,
      mean_class_accuracy:
        total === 0 ? null : tested.reduce((sum, row) => sum + (row.accuracy ?? 0), 0) / tested.length,
      classes: sums.labels.length,
      learned,
      tested: total,
    },
    tables: [
      {
        id: 'classes',
        title: 'Classes',
        columns: [
          { name: 'label' },
          { name: 'seen', description: 'examples in the mean, of earlier runs too' },
          { name: 'tested' },
          { name: 'correct' },
          { name: 'accuracy' },
        ],
        rows,
      },
      {
        id: 'confusion',
        title: 'What was taken for what',
        columns: [{ name: 'label' }, { name: 'predicted' }, { name: 'count' }],
        rows: confusion.labels.flatMap((label) =>
          [...confusion.row(label)]
            .sort(([a], [b]) => a - b)
            .map(([predicted, count]) => ({ label, predicted, count })),
        ),
      },
    ],
    charts: [
      {
        id: 'accuracy',
        title: 'Accuracy by class',
        x: { label: 'class' },
        y: { label: 'accuracy' },
        series: [
          {
            name: 'accuracy',
            mark: 'bars',
            x: tested.map(({ label }) => String(label)),
            y: tested.map(({ accuracy }) => accuracy),
          },
        ],
      },
    ],
    verdicts: [],
    notes: [],
  };
}

type Row = {
  readonly label: number;
  readonly seen: number;
  readonly tested: number;
  readonly correct: number;
  readonly accuracy: number | null;
};

function rowOf(label: number, sums: ClassSums, confusion: Confusion): Row {
  const predictions = confusion.row(label);
  const tested = [...predictions.values()].reduce((sum, count) => sum + count, 0);
  const correct = predictions.get(label) ?? 0;
  const accuracy = tested === 0 ? null : correct / tested;
  return { label, seen: sums.get(label)?.count ?? 0, tested, correct, accuracy };
}
