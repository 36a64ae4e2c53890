import { adapterFiles, allFiles, type InputFiles, modelFiles } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import type { Report, Table } from '@eigenloom/report';
import type { Study } from '../study.js';
import { type AnalysisResult, analyseWeights, tensorOperations } from './analyse-weights.js';
import { type NamedInputs, planWeights, tensorBytes, type WeightPlan } from './plan-weights.js';
import type { WeightStudy } from './weight-study.js';
import { writeSingularValues } from './write-singular-values.js';

/** Operations per second of the decompositions on two busy cores, measured on a model of 384×384 and 384×1536 matrices. */
const OPERATIONS_PER_SECOND = 4e9;
const BYTES_PER_ROW = 1600;

/** A study that goes through the weights of a model, and of its base, one by one. `field` is where the request has it. */
export const studyWeights = (study: WeightStudy, inputs: NamedInputs, field: string): Study => ({
  async open(context) {
    const plan = await planWeights(study, inputs, field, context);
    return {
      estimate: estimateOf(plan),
      files: () => filesOf(plan),
      async run(tools) {
        const result = await analyseWeights(plan, tools);
        const { singularValues } = result;
        return {
          report: reportOf(study, result),
          ...(singularValues.size > 0 && {
            write: (folder) => writeSingularValues(folder, singularValues),
          }),
        };
      },
    };
  },
});

function reportOf(
  study: WeightStudy,
  { rows, skipped, tensors }: AnalysisResult,
): Omit<Report, 'method' | 'paper'> {
  const left: Table = {
    id: 'skipped',
    title: 'Tensors left out',
    columns: [{ name: 'name' }, { name: 'reason' }],
    rows: skipped.map(({ name, reason }) => ({ name, reason })),
  };
  return {
    title: study.title,
    metrics: { tensors, skipped: skipped.length, ...study.metrics(rows) },
    tables: [{ id: 'tensors', title: 'Tensors', columns: study.columns, rows }, left],
    charts: study.charts(rows),
    verdicts: [],
    notes: [],
  };
}

/** Weight files, configs and folded adapters of both models. */
async function filesOf({ model, base, adapters }: WeightPlan): Promise<InputFiles> {
  const folded = await Promise.all([...adapters].map(([role, folder]) => adapterFiles(role, folder)));
  const ofBase = base === undefined ? new Map<string, string>() : await modelFiles('base', base);
  return allFiles(await modelFiles('model', model), ofBase, ...folded);
}

function estimateOf(plan: WeightPlan): common.Estimate {
  const { model, base, weights, study } = plan;
  const sum = (of: (weight: WeightPlan['weights'][number]) => number): number =>
    weights.reduce((total, weight) => total + of(weight), 0);
  const largest = weights.reduce(
    (most, weight) => Math.max(most, tensorBytes(weight, base !== undefined, study)),
    0,
  );
  const stored = (weight: WeightPlan['weights'][number]): number =>
    (model.tensors.get(weight.name)?.byteLength ?? 0) + (base?.tensors.get(weight.name)?.byteLength ?? 0);
  return {
    durationSeconds: sum((weight) => tensorOperations(weight, plan)) / OPERATIONS_PER_SECOND,
    memoryBytes: BigInt(largest),
    diskBytes: BigInt(BYTES_PER_ROW * sum((weight) => weight.stacked)),
    readBytes: BigInt(sum(stored)),
    notes: [...noted('model', model.notes), ...noted('base', base?.notes)],
  };
}

const noted = (field: string, notes: readonly string[] = []): string[] =>
  notes.map((note) => `${field}: ${note}`);
