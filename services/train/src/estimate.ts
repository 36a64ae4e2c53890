import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { common } from '@eigenloom/contracts';
import { streamDataset } from '@eigenloom/datasets';
import type { CheckedInputs } from './plan/check-inputs.js';
import { checkSteps } from './plan/check-steps.js';
import type { TrainPlan } from './plan/train-plan.js';

// Products of a training step on two cores of a current CPU, measured on MiniLM; other machines differ.
const FLOPS_PER_SECOND = 5e10;
const BYTES_PER_VALUE = 4;
// Values that a layer keeps for the gradient, in widths of the hidden state: its own, and those of the wider inner states.
const KEPT_PER_TOKEN_AND_LAYER = 20;

/** Time by counting products, memory by counting what is held, disk by what is written. */
export async function estimate(
  plan: TrainPlan,
  { model, network }: CheckedInputs,
  signal: AbortSignal,
): Promise<common.Estimate> {
  const sizes = [...model.tensors.values()].map(({ shape }) => shape.reduce((product, n) => product * n, 1));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  const { hiddenSize, layerCount, vocabularySize } = network.config;
  const inLayers = Math.max(0, parameters - vocabularySize * hiddenSize);
  const steps = await stepsOf(plan, signal);
  checkSteps(steps);
  const tokens = plan.batchSize * plan.maxLength;
  // Two operations a weight forward and two for the gradient of the inputs; two more where the weight itself is trained.
  const perToken = inLayers * (plan.method.kind === 'full' ? 6 : 4);
  const trained = plan.method.kind === 'full' ? parameters : await adapterValues(plan);
  const activations = tokens * hiddenSize * KEPT_PER_TOKEN_AND_LAYER * layerCount;
  const weightBytes = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const doubled = plan.method.kind === 'adapter' && plan.method.residualPath !== null ? 2 : 1;
  return {
    durationSeconds: (steps * tokens * perToken) / FLOPS_PER_SECOND,
    memoryBytes: BigInt((parameters + 4 * trained + activations) * BYTES_PER_VALUE),
    diskBytes: BigInt(trained * doubled * BYTES_PER_VALUE),
    readBytes: BigInt(weightBytes + (await stat(plan.trainData.path)).size),
    notes: (model.notes ?? []).map((note) => `model: ${note}`),
  };
}

async function stepsOf(plan: TrainPlan, signal: AbortSignal): Promise<number> {
  if (plan.maxSteps > 0) return plan.maxSteps;
  let count = 0;
  const { path, textField, labelField, limit } = plan.trainData;
  for await (const example of streamDataset(path, { textField, labelField, limit, signal })) {
    if (example.line > 0) count++;
  }
  return Math.max(1, Math.ceil(plan.epochs * Math.ceil(count / plan.batchSize)));
}

async function adapterValues({ method }: TrainPlan): Promise<number> {
  if (method.kind !== 'adapter') return 0;
  const names = (await readdir(method.adapterPath)).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(names.map((name) => stat(join(method.adapterPath, name))));
  return files.reduce((sum, { size }) => sum + size, 0) / BYTES_PER_VALUE;
}
