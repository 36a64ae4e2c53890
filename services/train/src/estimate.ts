import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { common } from '@eigenloom/contracts';
import { dataFiles } from '@eigenloom/checkpoint';
import type { ExampleReader } from '@eigenloom/models';
import type { OpenedModel } from '@eigenloom/training';
import type { CheckedInputs } from './plan/check-inputs.js';
import { objectiveOf } from './plan/choices.js';
import { checkSteps } from './plan/check-steps.js';
import type { TrainPlan } from './plan/train-plan.js';

// Products of a training step on two cores of a current CPU, measured on MiniLM; other machines differ.
const FLOPS_PER_SECOND = 5e10;
const BYTES_PER_VALUE = 4;
// A worker thread with the engine in it, before it holds a tensor.
const ENGINE_BYTES = 64 * 2 ** 20;
const BYTES_OF_FROZEN = { f32: 4, bf16: 2, nf4: 0.5625 } as const;
const FILES_LOOKED_AT = 256;
// Values that a layer keeps for the gradient, in widths of the hidden state: its own, and those of the wider inner states.
const KEPT_PER_POSITION_AND_LAYER = 20;

/** Time by counting products, memory by counting what is held, disk by what is written. */
export async function estimate(
  plan: TrainPlan,
  { model, network, reader, others }: CheckedInputs,
  signal: AbortSignal,
): Promise<common.Estimate> {
  const { parameters, inLayers, bytes: weightBytes } = sizeOf({ model, network });
  const { hiddenSize, layerCount } = network.config;
  const frozen = [...others.values()].map(sizeOf);
  const steps = await stepsOf(plan, reader, signal);
  checkSteps(steps);
  const positions = plan.batchSize * reader.mostPositions;
  // Two operations a weight forward and two for the gradient of the inputs; two more where the weight itself is trained.
  const own = inLayers * (plan.method.kind === 'full' ? 6 : 4);
  // The objective's other models run forward alone, and keep nothing for a gradient.
  const perPosition = own + 2 * sum(frozen.map((size) => size.inLayers));
  const ofOthers = sum(frozen.map((size) => size.parameters));
  const trained = plan.method.kind === 'full' ? parameters : await adapterValues(plan);
  const inLayer = positions * hiddenSize * KEPT_PER_POSITION_AND_LAYER;
  // With checkpointing, what went into each layer, and all of the layer that is gone back over.
  const activations = plan.activationCheckpointing
    ? inLayer + positions * hiddenSize * layerCount
    : inLayer * layerCount;
  const scores = objectiveOf(plan).lossValues?.(network, positions, plan.activationCheckpointing) ?? 0;
  const weights =
    inLayers * BYTES_OF_FROZEN[plan.frozenWeights] +
    (parameters - inLayers) * BYTES_OF_FROZEN[plan.frozenWeights === 'nf4' ? 'bf16' : plan.frozenWeights];
  const doubled = plan.method.kind === 'adapter' && plan.method.residualPath !== null ? 2 : 1;
  return {
    durationSeconds: (steps * positions * perPosition) / FLOPS_PER_SECOND,
    memoryBytes: BigInt(
      Math.round(
        ENGINE_BYTES +
          weights +
          (ofOthers + 4 * trained + activations + scores) * BYTES_PER_VALUE +
          plan.batchSize * reader.bytesOfExample,
      ),
    ),
    diskBytes: BigInt(trained * doubled * BYTES_PER_VALUE),
    readBytes: BigInt(
      weightBytes + sum(frozen.map((size) => size.bytes)) + (await bytesOf(plan.trainData.path)),
    ),
    notes: (model.notes ?? []).map((note) => `model: ${note}`),
  };
}

interface ModelSize {
  readonly parameters: number;
  /** Without the embeddings of tokens. */
  readonly inLayers: number;
  /** On disk. */
  readonly bytes: number;
}

function sizeOf({ model, network }: Pick<OpenedModel, 'model' | 'network'>): ModelSize {
  const tensors = [...model.tensors.values()];
  const parameters = sum(tensors.map(({ shape }) => shape.reduce((product, n) => product * n, 1)));
  const { hiddenSize, vocabularySize } = network.config;
  return {
    parameters,
    inLayers: Math.max(0, parameters - vocabularySize * hiddenSize),
    bytes: sum(tensors.map(({ byteLength }) => byteLength)),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function stepsOf(plan: TrainPlan, reader: ExampleReader, signal: AbortSignal): Promise<number> {
  if (plan.maxSteps > 0) return plan.maxSteps;
  const count = await reader.count(plan.trainData, signal);
  return Math.max(1, Math.ceil(plan.epochs * Math.ceil(count / plan.batchSize)));
}

/** Bytes of a file, or about those of a folder: some of its files stand for all. */
async function bytesOf(path: string): Promise<number> {
  const files = [...(await dataFiles('', path)).values()];
  const apart = Math.max(1, Math.floor(files.length / FILES_LOOKED_AT));
  const some = files.filter((_, i) => i % apart === 0);
  const sizes = await Promise.all(some.map(async (file) => (await stat(file)).size));
  return Math.round((sum(sizes) * files.length) / Math.max(1, some.length));
}

async function adapterValues({ method }: TrainPlan): Promise<number> {
  if (method.kind !== 'adapter') return 0;
  const names = (await readdir(method.adapterPath)).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(names.map((name) => stat(join(method.adapterPath, name))));
  return sum(files.map(({ size }) => size)) / BYTES_PER_VALUE;
}
