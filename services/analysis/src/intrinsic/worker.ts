import { invalidInput } from '@eigenloom/errors';
import type { EngineContext, EngineModule } from '@eigenloom/engine';
import type { Learner } from './learner.js';
import { mlpLearner } from './mlp-learner.js';
import { bisect, triesOf } from './search.js';
import type { DimensionInput, DimensionOutput, DimensionRun, Setting } from './setting.js';
import { FlatWeights } from './subspace.js';
import { type Ground, trainRun } from './train-run.js';
import { textLearner } from './text-learner.js';

/** The runs of a study, in a worker thread: all weights first, where their score is not given, and then by bisection. */
const run: EngineModule<DimensionInput, DimensionOutput> = async ({ setting, seed }, context) => {
  const { dimensions, threshold } = setting;
  context.report({ phase: 'reading data', fraction: 0 });
  const ground = await groundOf(setting, seed, context.signal);
  checkDimensions(setting, ground.weights);
  const runs: DimensionRun[] = [];
  const total = setting.steps * (triesOf(dimensions.length) + (setting.fullScore === undefined ? 1 : 0));
  const train = async (d: number | undefined): Promise<number> => {
    const phase = d === undefined ? 'training all weights' : `training ${d} dimensions`;
    const done = setting.steps * runs.length;
    const step = (record: { readonly step: number; readonly loss: number }): void => {
      context.report({ fraction: (done + record.step) / total, phase, metrics: { loss: record.loss } });
    };
    const made = await trainRun(ground, setting, d, { seed, signal: context.signal, step });
    runs.push(made);
    return made.accuracy;
  };
  const fullScore = setting.fullScore ?? (await train(undefined));
  const found = await bisect(dimensions, async (d) => (await train(d)) >= threshold * fullScore);
  return { runs, parameters: ground.weights.size, layers: ground.weights.layers, fullScore, found };
};
export default run;

async function groundOf(setting: Setting, seed: bigint, signal: EngineContext['signal']): Promise<Ground> {
  const { task } = setting;
  const learner: Learner =
    task.kind === 'text'
      ? await textLearner(task, { ...setting, seed }, signal)
      : await mlpLearner(task, seed, signal);
  const weights = new FlatWeights(learner.weights, (name) => learner.layerOf(name));
  return { learner, weights, start: await weights.read() };
}

/** Errors: `OUT_OF_RANGE` where there are not as many dimensions, or no more than layers. */
function checkDimensions(
  { dimensions, structureAware, field }: Setting,
  { size, layers }: FlatWeights,
): void {
  const [first = 1, last = 1] = [dimensions[0], dimensions.at(-1)];
  const where = `${field}.dimensions`;
  if (last > size) throw invalidInput('OUT_OF_RANGE', where, `${last} is more than the ${size} weights`);
  if (structureAware && first <= layers) {
    const why = `${first} leaves no dimension beside the factors of ${layers} layers`;
    throw invalidInput('OUT_OF_RANGE', where, why);
  }
}
