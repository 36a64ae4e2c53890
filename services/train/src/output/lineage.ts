import { openModel } from '@eigenloom/adapters';
import {
  adapterFiles,
  allFiles,
  dataFiles,
  digestsOf,
  type InputFiles,
  modelFiles,
} from '@eigenloom/checkpoint';
import type { JobContext, Lineage } from '@eigenloom/runtime';
import { labelsBeside } from '@eigenloom/datasets';
import type { TrainPlan } from '../plan/train-plan.js';

/** Digests of everything that a run reads, by role and file name. */
export async function lineageOf(
  plan: TrainPlan,
  { signal, digests }: Pick<JobContext, 'signal' | 'digests'>,
): Promise<Lineage> {
  const { method, models, modelPath, foldedAdapterPaths, trainData, validationData } = plan;
  const model = async (role: string, path: string): Promise<InputFiles> =>
    modelFiles(role, await openModel(path, { signal }));
  const parts = [
    model('model', modelPath),
    ...foldedAdapterPaths.map((folder, index) => adapterFiles(`folded/${index}`, folder)),
    ...(method.kind === 'adapter' ? [adapterFiles('adapter', method.adapterPath)] : []),
    ...(method.kind === 'adapter' && method.residualPath !== null
      ? [model('residual', method.residualPath)]
      : []),
    ...Object.entries(models).flatMap(([role, { path, adapterPaths }]) => [
      model(role, path),
      ...adapterPaths.map((folder, index) => adapterFiles(`${role}/adapters/${index}`, folder)),
    ]),
    data('train_data', trainData.path),
    ...(validationData === null ? [] : [data('validation_data', validationData.path)]),
  ];
  return { inputs: await digestsOf(allFiles(...(await Promise.all(parts))), { signal, digests }) };
}

/** The data of a request, and the labels that lie beside them. */
async function data(role: string, path: string): Promise<InputFiles> {
  const beside = await labelsBeside(path);
  const parts = [dataFiles(role, path), ...(beside === undefined ? [] : [dataFiles(role, beside)])];
  return allFiles(...(await Promise.all(parts)));
}
