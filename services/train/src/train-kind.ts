import { join } from 'node:path';
import type { common, train } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import type { JobContext, JobKind, RequestContext } from '@eigenloom/runtime';
import type { DataCounts } from '@eigenloom/training';
import { FENCE_CALL, READ_CALL, type TrainingInput, type TrainingOutput } from './loop/messages.js';
import { TRAIN_METHODS } from './methods/index.js';
import { lineageOf } from './output/lineage.js';
import { writeTrainedAdapter } from './output/write-adapter.js';
import { writeFullModel } from './output/write-full-model.js';
import { areShortened, textsLine } from './output/text-counts.js';
import { checkInputs } from './plan/check-inputs.js';
import { estimate } from './plan/estimate.js';
import { resolvePlan } from './plan/resolve-plan.js';
import type { TrainPlan } from './plan/train-plan.js';

const WORKER = join(__dirname, 'loop', 'worker.js');

/** Fine-tuning as a job: the loop runs in a worker thread, from the newest checkpoint in the job's scratch folder. */
export const trainKind: JobKind<'train'> = {
  kind: 'train',
  methods: TRAIN_METHODS,
  async validate(request, context) {
    await checkInputs(await resolvePlan(request, context), context.signal, request);
  },
  async estimate(request: train.TrainRequest, context: RequestContext): Promise<common.Estimate> {
    const plan = await resolvePlan(request, context);
    return estimate(plan, await checkInputs(plan, context.signal, request), context.signal);
  },
  async run(request, context) {
    const plan = await resolvePlan(request, context);
    context.progress({ phase: 'hashing the inputs' });
    const lineage = await lineageOf(plan, context.signal, context.digests);
    const output = await trainOnEngine(plan, lineage.inputs, context);
    context.progress({ phase: 'writing the result' });
    const { method } = plan;
    const artifact = await context.commit('', request.outputUri, lineage, (staging) =>
      method.kind === 'lora'
        ? writeTrainedAdapter(staging, plan, method, output, context.signal)
        : writeFullModel(staging, plan, output, context.signal),
    );
    const { state } = output;
    return {
      artifact,
      evaluations: state.evaluations.map(({ step, loss, accuracy }) => ({ step, loss, accuracy })),
      steps: state.step,
      bestStep: output.keptStep,
      losses: state.steps.map(({ loss }) => loss),
    };
  },
};

function trainOnEngine(
  plan: TrainPlan,
  inputs: TrainingInput['inputs'],
  context: JobContext,
): Promise<TrainingOutput> {
  return runOnEngine<TrainingInput, TrainingOutput>(
    WORKER,
    { plan, inputs, models: {}, scratch: context.scratch },
    {
      backend: plan.backend,
      signal: context.signal,
      onProgress: (update) => {
        context.progress(update);
      },
      calls: {
        [FENCE_CALL]: () => context.fence(),
        [READ_CALL]: (counts) => {
          warnOfShortened(counts as DataCounts, plan, context);
        },
      },
    },
  );
}

function warnOfShortened(counts: DataCounts, { maxLength }: TrainPlan, { log }: JobContext): void {
  if (!areShortened(counts)) return;
  log.warn(
    { max_length: maxLength, ...counts },
    `texts: ${textsLine(counts)}; max_length is ${maxLength} tokens`,
  );
}
