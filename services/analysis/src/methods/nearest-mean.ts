import { dataFiles, opening } from '@eigenloom/checkpoint';
import { analysis, type common, type Definition } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import { ClassSums } from '../nearest-mean/class-sums.js';
import { type Distance, MeanClassifier } from '../nearest-mean/classify.js';
import { type Examples, type OpenedFeatures, openFeatures } from '../nearest-mean/open-features.js';
import { Confusion, reportClasses } from '../nearest-mean/report-classes.js';
import { readSums, writeSums } from '../nearest-mean/sums-file.js';
import type { Findings, Study, StudyTools } from '../study.js';

/** Elements a second, read and added or multiplied, measured on one core. */
const RATE = 1e8;
const REPORT_BYTES = 200_000n;

const DISTANCES: Readonly<Partial<Record<analysis.MeanDistance, Distance>>> = {
  [analysis.MeanDistance.UNSPECIFIED]: 'euclidean',
  [analysis.MeanDistance.EUCLIDEAN]: 'euclidean',
  [analysis.MeanDistance.COSINE]: 'cosine',
};

/**
 * Nearest class mean on frozen features. Janson et al. 2022, arXiv:2210.04428: continual learning without training or stored examples. What is
 * kept of a class is the sum of its features and their number.
 */
export const nearestMean: Definition<analysis.NearestMean, Study> = {
  summary: 'Accuracy of the nearest class mean on frozen features, whose sums may be added to task by task',
  paper: 'arXiv:2210.04428',
  deviations: 'A class that has not been seen has no mean and is never predicted.',
  create(parameters, field) {
    const { normalize = true } = parameters;
    const distance = DISTANCES[parameters.distance];
    if (distance === undefined) throw invalidInput('UNKNOWN_VALUE', `${field}.distance`, 'is not a distance');
    return {
      async open(context) {
        const opened = await openFeatures(parameters, field, context);
        const { path, previous } = opened;
        const start = (signal: AbortSignal): Promise<ClassSums> =>
          previous === undefined
            ? Promise.resolve(new ClassSums(opened.columns, normalize))
            : opening({ field: `${field}.previous_uri`, uri: parameters.previousUri }, () =>
                continued(previous, opened.columns, normalize, signal),
              );
        if (previous !== undefined) await start(context.signal);
        return {
          estimate: estimateOf(opened),
          files: async () => {
            const before = previous === undefined ? [] : await dataFiles('previous', previous);
            return new Map([...(await dataFiles('data', path)), ...before]);
          },
          run: async (tools) => study(opened, distance, await start(tools.signal), tools),
        };
      },
    };
  },
};

/** Errors: `COLUMNS_DIFFER`; those of the file. */
async function continued(
  path: string,
  columns: number,
  normalize: boolean,
  signal: AbortSignal,
): Promise<ClassSums> {
  const sums = await readSums(path, normalize, signal);
  if (sums.columns === columns) return sums;
  throw incompatible(
    'COLUMNS_DIFFER',
    `has sums of ${sums.columns} columns, and the features have ${columns}`,
  );
}

async function study(
  { train, test }: OpenedFeatures,
  distance: Distance,
  sums: ClassSums,
  tools: StudyTools,
): Promise<Findings> {
  const { signal } = tools;
  const total = (train?.count ?? 0) + (test?.count ?? 0);
  const through = async (
    examples: Examples | undefined,
    phase: string,
    before: number,
    visit: (block: Block, labels: Int32Array) => void | Promise<void>,
  ): Promise<void> => {
    if (examples === undefined) return;
    const { arrays, features, count } = examples;
    const labels = await arrays.labels(examples.labels, features, signal);
    for await (const block of features.blocks({ signal, limit: count })) {
      await visit(block, labels);
      tools.progress({ fraction: (before + block.first + block.rows) / total, phase });
    }
  };
  await through(train, 'adding up', 0, (block, labels) => {
    sums.add(block, labels);
  });
  const classifier = new MeanClassifier(sums, distance);
  const confusion = new Confusion();
  await through(test, 'testing', train?.count ?? 0, async (block, labels) => {
    const predictions = await classifier.predict(block, signal);
    for (const [row, predicted] of predictions.entries())
      confusion.add(labels[block.first + row] ?? 0, predicted);
  });
  return {
    report: reportClasses(sums, train?.count ?? 0, confusion),
    write: (folder) => writeSums(folder, sums),
  };
}

type Block = Parameters<ClassSums['add']>[0];

/** Sums are small beside a block; the number of classes is known once the labels are read. */
function estimateOf({ train, test, columns }: OpenedFeatures): common.Estimate {
  const parts = [train, test].filter((part) => part !== undefined);
  const rows = parts.reduce((sum, { count }) => sum + count, 0);
  const largest = Math.max(...parts.map(({ features }) => features.blockRows * columns));
  return {
    durationSeconds: (rows * columns) / RATE,
    memoryBytes: BigInt(8 * (2 * largest + rows)),
    diskBytes: REPORT_BYTES,
    readBytes: BigInt(8 * rows * columns),
    notes: [],
  };
}
