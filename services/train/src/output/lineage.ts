import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ADAPTER_FILES, type DigestCache, openModel } from '@eigenloom/checkpoint';
import { sha256File } from '@eigenloom/numeric';
import type { Lineage } from '@eigenloom/runtime';
import type { TrainPlan } from '../plan/train-plan.js';

const MODEL_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** Digests of everything that a run reads, by role and file name; `digests` knows those of files that have not changed. */
export async function lineageOf(
  plan: TrainPlan,
  signal: AbortSignal,
  digests?: DigestCache,
): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  const add = async (role: string, path: string): Promise<void> => {
    inputs[`${role}/${basename(path)}`] = await (digests === undefined
      ? sha256File(path, { signal })
      : digests.of(path, signal));
  };
  const addModel = async (role: string, path: string): Promise<void> => {
    const model = await openModel(path, { signal });
    for (const file of model.weightFiles.values()) await add(role, file);
    const present = await readdir(model.directory);
    for (const name of MODEL_FILES) {
      if (present.includes(name)) await add(role, join(model.directory, name));
    }
  };
  const addAdapter = async (role: string, folder: string): Promise<void> => {
    // Beside an adapter that saved a head, config.json names the classes.
    const present = await readdir(folder);
    for (const name of [...ADAPTER_FILES, 'config.json']) {
      if (present.includes(name)) await add(role, join(folder, name));
    }
  };
  await addModel('model', plan.modelPath);
  for (const [index, folder] of plan.foldedAdapterPaths.entries())
    await addAdapter(`folded/${index}`, folder);
  if (plan.method.kind === 'lora') {
    await addAdapter('adapter', plan.method.adapterPath);
    if (plan.method.residualPath !== null) await addModel('residual', plan.method.residualPath);
  }
  await add('train_data', plan.trainData.path);
  if (plan.validationData !== null) await add('validation_data', plan.validationData.path);
  return { inputs };
}
