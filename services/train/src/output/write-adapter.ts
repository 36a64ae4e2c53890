import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fitAdapter,
  kindOfAdapter,
  openModel,
  readAdapterFolder,
  writeAdapterFolder,
  type AdapterFiles,
  type AdapterToWrite,
  type FactorValues,
} from '@eigenloom/adapters';
import { plainTargets, sortedJson, type SavedTensor } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import {
  headSpecs,
  nativeHeadOf,
  planNetwork,
  type ClassifierHead,
  type NetworkPlan,
} from '@eigenloom/models';
import { readWeights as readTensors, type TensorValues } from '@eigenloom/training';
import type { TrainingOutput } from '../loop/messages.js';
import { objectiveOf } from '../plan/choices.js';
import type { MethodPlan, TrainPlan } from '../plan/train-plan.js';
import { modelCard } from './model-card.js';
import { trainingLog } from './training-log.js';

type AdapterPlan = Extract<MethodPlan, { kind: 'adapter' }>;

/** Writes the trained adapter in PEFT's format, with the log, a card, and the model's config with the classes. */
export async function writeTrainedAdapter(
  staging: string,
  plan: TrainPlan,
  method: AdapterPlan,
  output: TrainingOutput,
  signal: AbortSignal,
): Promise<void> {
  const model = await openModel(plan.modelPath, { signal });
  const network = planNetwork(model);
  const objective = objectiveOf(plan);
  const head = objective.head(network);
  const { config, card, taskType } = objective.files(network, output.labels);
  const initial = await readAdapterFolder(method.adapterPath, { signal });
  const weights = new TrainedTensors(await readTensors(output.weightsFile));
  const trained = trainedFactors(initial, network, weights);
  const savedTensors = head === null ? [] : headTensors(network, head, output, weights);
  weights.requireAllTaken();
  const adapter = onTheModel(initial, trained, method);
  const layout = { network, head, taskType, settings: initial.settings };
  const files = { ...adapter, ...asPeftHasIt(adapter.modules, layout), savedTensors: new Map(savedTensors) };
  await writeAdapterFolder(staging, files, { signal });
  if (config !== null) {
    const whole = sortedJson({ ...model.config, ...config });
    await writeFile(join(staging, 'config.json'), whole, { flag: 'wx' });
  }
  const { id, paper } = kindOfAdapter(initial.parametrisation);
  const about = modelCard(plan, output, `${id.replaceAll('_', ' ')} (${paper})`, card);
  await writeFile(join(staging, 'README.md'), about, { flag: 'wx' });
  await writeFile(join(staging, 'training_log.jsonl'), trainingLog(output.state), { flag: 'wx' });
}

/** What training left, each tensor to be taken once. */
class TrainedTensors {
  readonly #left: Map<string, TensorValues>;

  constructor(tensors: ReadonlyMap<string, TensorValues>) {
    this.#left = new Map(tensors);
  }

  take(name: string): TensorValues {
    const tensor = this.#left.get(name);
    if (tensor === undefined) throw new Error(`training left no weights for ${name}`);
    this.#left.delete(name);
    return tensor;
  }

  /** A tensor that neither the adapter nor the head names would be lost. */
  requireAllTaken(): void {
    const [name] = this.#left.keys();
    if (name !== undefined)
      throw new Error(`training left ${name}, which neither the adapter nor the head has`);
  }
}

/** The factors of the initial adapter with their trained values. */
const trainedFactors = (
  initial: AdapterFiles,
  network: NetworkPlan,
  weights: TrainedTensors,
): FactorValues[] =>
  fitAdapter(initial, network).factors.map(({ factor, name, trained }) =>
    trained ? { ...factor, data: weights.take(name).values } : factor,
  );

function headTensors(
  network: NetworkPlan,
  head: ClassifierHead,
  { labels }: TrainingOutput,
  weights: TrainedTensors,
): [string, SavedTensor][] {
  return headSpecs(network, head, labels.length).map(({ name }) => {
    const { shape, values } = weights.take(name);
    return [name, { shape, data: values }];
  });
}

/** The adapter for the model as it is: what a start changed in the model is made up for by the adapter as it was. */
function onTheModel(
  { parametrisation, modules, factors: start }: AdapterFiles,
  trained: readonly FactorValues[],
  { residualPath, dropout }: AdapterPlan,
): Pick<AdapterToWrite, 'parametrisation' | 'modules' | 'factors'> {
  const dropping = parametrisation.withDropout?.(dropout) ?? parametrisation;
  if (residualPath === null) return { parametrisation: dropping, modules, factors: trained };
  if (dropping.rebase === undefined) {
    const why = `an adapter of the kind ${dropping.format.peftType} has no form for the model before its start`;
    throw incompatible('ADAPTER_NEEDS_RESIDUAL', `${why}; train it on the model itself`);
  }
  return { modules, ...dropping.rebase(trained, start) };
}

interface PeftLayout {
  readonly network: NetworkPlan;
  readonly head: ClassifierHead | null;
  readonly taskType: string;
  readonly settings: AdapterFiles['settings'];
}

/**
 * A native head is stored as PEFT stores it for the class that has it: `SEQ_CLS`, modules under that class's names, the head in
 * modules_to_save. Another head lies beside the pairs under its own name, and is not in modules_to_save, which PEFT would
 * look for in the model and not find.
 */
function asPeftHasIt(
  modules: readonly string[],
  { network, head, taskType, settings }: PeftLayout,
): Required<Pick<AdapterToWrite, 'rename' | 'settings'>> {
  const native = nativeHeadOf(network, head);
  const rename = (path: string): string => {
    const bare = path.startsWith(network.prefix) ? path.slice(network.prefix.length) : path;
    return native === undefined ? path : native.basePrefix + bare;
  };
  return {
    rename,
    settings: {
      targetModules: plainTargets(settings).map((target) =>
        modules.includes(target) ? rename(target) : target,
      ),
      modulesToSave: native === undefined ? [] : [native.module],
      fanInFanOut: settings.fanInFanOut,
      taskType,
      baseModel: settings.baseModel,
    },
  };
}
