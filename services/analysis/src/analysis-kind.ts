import type { Model } from '@eigenloom/checkpoint';
import type { analysis, common } from '@eigenloom/contracts';
import type { JobContext, JobKind } from '@eigenloom/runtime';
import { analyseWeights, tensorOperations } from './analyse-weights.js';
import { type AnalysisPlan, planAnalysis, tensorBytes } from './analysis-plan.js';
import { lineageOf } from './lineage.js';
import { METHODS } from './methods/index.js';
import { writeResult } from './write-result.js';

/** Operations per second of the decompositions on two busy cores, measured on a model of 384×384 and 384×1536 matrices. */
const OPERATIONS_PER_SECOND = 4e9;
const BYTES_PER_ROW = 1600;

/** The work of the analysis service. */
export const analysisKind: JobKind<'analysis'> = {
  kind: 'analysis',
  methods: METHODS.map(({ id, summary, paper }) => ({ id, summary, paper })),
  async validate(request, context) {
    await planAnalysis(request, context);
  },
  async estimate(request, context) {
    return estimateOf(await planAnalysis(request, context));
  },
  async run(request: analysis.AnalyzeRequest, context: JobContext): Promise<analysis.AnalyzeResponse> {
    const plan = await planAnalysis(request, context);
    const result = await analyseWeights(plan, context);
    const lineage = await lineageOf(plan, context.signal);
    const artifact = await context.commit('', request.outputUri, lineage, (staging) =>
      writeResult(staging, plan.method.resultFile, result),
    );
    return {
      result: artifact,
      tensors: result.tensors,
      skipped: result.skipped.length,
      intruders: result.intruders,
    };
  },
};

function estimateOf(plan: AnalysisPlan): common.Estimate {
  const withBase = plan.base !== undefined;
  const sum = (of: (weight: AnalysisPlan['weights'][number]) => number): number =>
    plan.weights.reduce((total, weight) => total + of(weight), 0);
  const largest = plan.weights.reduce(
    (most, weight) => Math.max(most, tensorBytes(weight, withBase, plan.method)),
    0,
  );
  const stored = (weight: AnalysisPlan['weights'][number]): number =>
    (plan.model.tensors.get(weight.name)?.byteLength ?? 0) +
    (plan.base?.tensors.get(weight.name)?.byteLength ?? 0);
  return {
    durationSeconds: sum((weight) => tensorOperations(weight, plan)) / OPERATIONS_PER_SECOND,
    memoryBytes: BigInt(largest),
    diskBytes: BigInt(BYTES_PER_ROW * sum((weight) => weight.stacked)),
    readBytes: BigInt(sum(stored)),
    notes: [...noted('model', plan.model), ...noted('base', plan.base)],
  };
}

const noted = (field: string, model: Model | undefined): string[] =>
  (model?.notes ?? []).map((note) => `${field}: ${note}`);
