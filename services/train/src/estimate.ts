import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { common } from '@eigenloom/contracts';
import { dataFiles } from '@eigenloom/checkpoint';
import type { ExampleReader } from '@eigenloom/models';
import type { CheckedInputs } from './plan/check-inputs.js';
import { checkSteps } from './plan/check-steps.js';
import type { TrainPlan } from './plan/train-plan.js';

// Products of a training step on two cores of a current CPU, measured on MiniLM; other machines differ.
const FLOPS_PER_SECOND = 5e10;
const BYTES_PER_VALUE = 4;
const FILES_LOOKED_AT = 256;
// Values that a layer keeps for the gradient, in widths of the hidden state: its own, and those of the wider inner states.
const KEPT_PER_POSITION_AND_LAYER = 20;

/** Time by counting products, memory by counting what is held, disk by what is written. */
export async function estimate(
  plan: TrainPlan,
  { model, network, reader }: CheckedInputs,
  signal: AbortSignal,
): Promise<common.Estimate> {
  const sizes = [...model.tensors.values()].map(({ shape }) => shape.reduce((product, n) => product * n, 1));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  const { hiddenSize, layerCount, vocabularySize } = network.config;
  const inLayers = Math.max(0, parameters - vocabularySize * hiddenSize);
  const steps = await stepsOf(plan, reader, signal);
  checkSteps(steps);
  const positions = plan.batchSize * reader.mostPositions;
  // Two operations a weight forward and two for the gradient of the inputs; two more where the weight itself is trained.
  const perPosition = inLayers * (plan.method.kind === 'full' ? 6 : 4);
  const trained = plan.method.kind === 'full' ? parameters : await adapterValues(plan);
  const activations = positions * hiddenSize * KEPT_PER_POSITION_AND_LAYER * layerCount;
  const weightBytes = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const doubled = plan.method.kind === 'adapter' && plan.method.residualPath !== null ? 2 : 1;
  return {
    durationSeconds: (steps * positions * perPosition) / FLOPS_PER_SECOND,
    memoryBytes: BigInt(
      (parameters + 4 * trained + activations) * BYTES_PER_VALUE + plan.batchSize * reader.bytesOfExample,
    ),
    diskBytes: BigInt(trained * doubled * BYTES_PER_VALUE),
    readBytes: BigInt(weightBytes + (await bytesOf(plan.trainData.path))),
    notes: (model.notes ?? []).map((note) => `model: ${note}`),
  };
}

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
  const sum = sizes.reduce((total, size) => total + size, 0);
  return Math.round((sum * files.length) / Math.max(1, some.length));
}

async function adapterValues({ method }: TrainPlan): Promise<number> {
  if (method.kind !== 'adapter') return 0;
  const names = (await readdir(method.adapterPath)).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(names.map((name) => stat(join(method.adapterPath, name))));
  return files.reduce((sum, { size }) => sum + size, 0) / BYTES_PER_VALUE;
}
