import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/adapters';
import { writeModel, type Model } from '@eigenloom/checkpoint';
import { nativeHeadOf, planNetwork, type ClassifierHead, type NetworkPlan } from '@eigenloom/models';
import { SafetensorsFile, type TensorPlan } from '@eigenloom/numeric';
import type { TrainingOutput } from '../loop/messages.js';
import { objectiveOf } from '../plan/choices.js';
import type { TrainPlan } from '../plan/train-plan.js';
import { modelCard } from './model-card.js';
import { trainingLog } from './training-log.js';

/**
 * Writes the trained model in Hugging Face layout: trained tensors in f32, others as they were, config with the classes,
 * tokenizer files carried over. With the native head the base's tensors have the names of the class that has it.
 */
export async function writeFullModel(
  staging: string,
  plan: TrainPlan,
  output: TrainingOutput,
  signal: AbortSignal,
): Promise<void> {
  const like = await openModel(plan.modelPath, { adapters: plan.foldedAdapterPaths, signal });
  const network = planNetwork(like);
  const objective = objectiveOf(plan);
  const head = objective.head(network);
  const { config: keys, className, card } = objective.files(network, output.labels);
  const weights = await SafetensorsFile.open(output.weightsFile);
  const rename = renaming(network, head);
  const originals = new Map([...like.tensors.keys()].map((name) => [rename(name), name]));
  const read = async ({ name, dtype }: TensorPlan): Promise<Float32Array | Float64Array | Uint8Array> => {
    const original = originals.get(name) ?? name;
    if (weights.tensors.has(original)) return weights.read(original, 'f32', { signal });
    const bytes = await like.readRaw(original, { signal });
    return bytes ?? like.read(original, dtype === 'F64' ? 'f64' : 'f32', { signal });
  };
  const tensors = plannedTensors(like, weights, rename);
  const architectures = className === null ? {} : { architectures: [className] };
  const config = { ...like.config, ...architectures, ...keys };
  await writeModel(staging, { like, tensors, config, read }, { signal });
  await writeFile(join(staging, 'README.md'), modelCard(plan, output, 'full fine-tuning', card), {
    flag: 'wx',
  });
  await writeFile(join(staging, 'training_log.jsonl'), trainingLog(output.state), { flag: 'wx' });
}

function plannedTensors(
  like: Model,
  weights: SafetensorsFile,
  rename: (name: string) => string,
): TensorPlan[] {
  const stored = [...like.tensors.values()].map(({ name, dtype, shape }) => ({
    name: rename(name),
    dtype: weights.tensors.has(name) ? ('F32' as const) : dtype,
    shape: weights.tensors.get(name)?.shape ?? shape,
  }));
  const added = [...weights.tensors.values()]
    .filter(({ name }) => !like.tensors.has(name))
    .map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape }));
  return [...stored, ...added];
}

/** The base's names under the class of a native head; unchanged otherwise. */
function renaming(network: NetworkPlan, head: ClassifierHead | null): (name: string) => string {
  const native = nativeHeadOf(network, head);
  if (native === undefined || network.prefix === native.basePrefix) return (name) => name;
  const { basePrefix, module } = native;
  return (name) => (name.startsWith(`${module}.`) ? name : basePrefix + name.slice(network.prefix.length));
}
