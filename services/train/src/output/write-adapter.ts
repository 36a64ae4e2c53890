import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findTensor,
  openModel,
  plainTargets,
  readAdapter,
  sortedJson,
  toPlainLora,
  writeAdapter,
  type Adapter,
  type AdapterModule,
  type AdapterToWrite,
  type LoadedAdapter,
} from '@eigenloom/checkpoint';
import { planNetwork, type ClassifierHead, type NetworkPlan } from '@eigenloom/models';
import { headCard, labelConfig, readWeights as readTensors, type TensorValues } from '@eigenloom/training';
import type { TrainingOutput } from '../loop/messages.js';
import { chosenHead } from '../plan/chosen-head.js';
import type { MethodPlan, TrainPlan } from '../plan/train-plan.js';
import { modelCard } from './model-card.js';
import { trainingLog } from './training-log.js';

type LoraPlan = Extract<MethodPlan, { kind: 'lora' }>;

/** Writes the trained adapter in PEFT's format, with the log, a card, and the model's config with the classes. */
export async function writeTrainedAdapter(
  staging: string,
  plan: TrainPlan,
  method: LoraPlan,
  output: TrainingOutput,
  signal: AbortSignal,
): Promise<void> {
  const model = await openModel(plan.modelPath, { signal });
  const network = planNetwork(model);
  const head = chosenHead(plan, network);
  const initial = await readAdapter(method.adapterPath, { signal });
  const weights = await readTensors(output.weightsFile);
  const adapter: Adapter = {
    modules: trainedModules(initial, weights),
    savedTensors: headTensors(weights),
    settings: { ...initial.settings, dropout: method.dropout },
  };
  // The values are trained now, whatever they started from; a changed base is made up for by the initial pair.
  const plain = method.residualPath === null ? adapter : toPlainLora(adapter, initial);
  await writeAdapter(staging, asPeftHasIt(plain, network, head), { signal });
  if (head !== null) {
    const config = { ...model.config, ...labelConfig(output.labels) };
    await writeFile(join(staging, 'config.json'), sortedJson(config), { flag: 'wx' });
  }
  const layout = head === null ? { head: '', note: '' } : headCard(network, head);
  await writeFile(join(staging, 'README.md'), modelCard(plan, output, layout), { flag: 'wx' });
  await writeFile(join(staging, 'training_log.jsonl'), trainingLog(output.state), { flag: 'wx' });
}

/**
 * A native head is stored as PEFT stores it for the class that has it: `SEQ_CLS`, modules under that class's names, the head in
 * modules_to_save. Another head lies beside the pairs under its own name, and is not in modules_to_save, which PEFT would
 * look for in the model and not find.
 */
function asPeftHasIt(adapter: Adapter, network: NetworkPlan, head: ClassifierHead | null): AdapterToWrite {
  const native = head?.native === true;
  const rename = (path: string): string => {
    const bare = path.startsWith(network.prefix) ? path.slice(network.prefix.length) : path;
    return native ? network.architecture.nativeHead.basePrefix + bare : path;
  };
  const { settings, savedTensors } = adapter;
  return {
    modules: new Map([...adapter.modules].map(([path, pair]) => [rename(path), pair])),
    savedTensors,
    settings: {
      ...settings,
      initLoraWeights: true,
      targetModules: plainTargets(settings).map((target) =>
        adapter.modules.has(target) ? rename(target) : target,
      ),
      modulesToSave: native ? [head.module] : [],
      taskType: taskType(head),
    },
  };
}

function taskType(head: ClassifierHead | null): string {
  if (head === null) return 'CAUSAL_LM';
  return head.native ? 'SEQ_CLS' : 'FEATURE_EXTRACTION';
}

/** The pairs of the initial adapter with their trained values. */
function trainedModules(
  initial: LoadedAdapter,
  weights: ReadonlyMap<string, TensorValues>,
): Map<string, AdapterModule> {
  const byWeight = new Map(
    [...weights.keys()]
      .filter((name) => name.startsWith('lora_A/'))
      .map((name) => [`${name.slice('lora_A/'.length)}.weight`, name.slice('lora_A/'.length)]),
  );
  return new Map(
    [...initial.modules].map(([path, pair]) => {
      const module = findTensor(`${path}.weight`, byWeight) ?? path;
      const a = weights.get(`lora_A/${module}`);
      const b = weights.get(`lora_B/${module}`);
      if (a === undefined || b === undefined) throw new Error(`training left no weights for ${path}`);
      return [path, { ...pair, a: a.values, b: b.values }];
    }),
  );
}

const headTensors = (weights: ReadonlyMap<string, TensorValues>): Adapter['savedTensors'] =>
  new Map(
    [...weights]
      .filter(([name]) => !name.startsWith('lora_A/') && !name.startsWith('lora_B/'))
      .map(([name, { shape, values }]) => [name, { shape, data: values }]),
  );
