import { join } from 'node:path';
import type { train } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { EXAMPLE_KINDS } from '@eigenloom/models';
import type { JobContext } from '@eigenloom/runtime';
import type { DataCounts } from '@eigenloom/training';
import { FENCE_CALL, READ_CALL, type TrainingInput, type TrainingOutput } from './loop/messages.js';
import { lineageOf } from './output/lineage.js';
import { reportOf } from './output/report.js';
import { areChanged, examplesLine } from './output/example-counts.js';
import { writeResult } from './output/write-result.js';
import { resolvePlan } from './plan/resolve-plan.js';
import type { TrainPlan } from './plan/train-plan.js';

const WORKER = join(__dirname, 'loop', 'worker.js');

/** Trains in a worker thread, from the newest checkpoint in the job's scratch folder, and commits the result. */
export async function runTraining(
  request: train.TrainRequest,
  context: JobContext,
): Promise<train.TrainResponse> {
  const plan = await resolvePlan(request, context);
  context.progress({ phase: 'hashing the inputs' });
  const lineage = await lineageOf(plan, context);
  const output = await trainOnEngine(plan, lineage.inputs, context);
  context.progress({ phase: 'writing the result' });
  const report = reportOf(plan, output);
  const artifact = await context.commit('', request.outputUri, lineage, (staging) =>
    writeResult(staging, plan, output, report, context.signal),
  );
  return { artifact, steps: output.state.step, bestStep: output.keptStep, metrics: report.metrics };
}

function trainOnEngine(
  plan: TrainPlan,
  inputs: TrainingInput['inputs'],
  context: JobContext,
): Promise<TrainingOutput> {
  return runOnEngine<TrainingInput, TrainingOutput>(
    WORKER,
    { plan, inputs, scratch: context.scratch },
    {
      backend: plan.backend,
      precision: plan.precision,
      signal: context.signal,
      onProgress: (update) => {
        context.progress(update);
      },
      calls: {
        [FENCE_CALL]: () => context.fence(),
        [READ_CALL]: (counts) => {
          warnOfChanged(counts as DataCounts, plan, context);
        },
      },
    },
  );
}

function warnOfChanged(counts: DataCounts, plan: TrainPlan, { log }: JobContext): void {
  if (!areChanged(counts)) return;
  const kind = EXAMPLE_KINDS[counts.kind];
  const limits = kind.settings(plan).map(([name, value]) => `; ${name.toLowerCase()}: ${value}`);
  log.warn({ ...counts }, `${kind.noun}: ${examplesLine(counts)}${limits.join('')}`);
}
