import type { Model } from '@eigenloom/checkpoint';
import {
  openModel,
  placeAdapter,
  readAdapterFolder,
  type AdapterFiles,
  type PlacedAdapter,
} from '@eigenloom/adapters';
import { tf } from '@eigenloom/engine';
import {
  addClassifierHead,
  headSpecs,
  loadNetwork,
  reachedParameters,
  requireHeadFits,
  type AppliedAdapter,
  type ClassifierHead,
  type Network,
} from '@eigenloom/models';
import type { ChosenClasses } from '@eigenloom/training';
import { objectiveOf } from '../plan/choices.js';
import type { TrainPlan } from '../plan/train-plan.js';

/** A network ready to train: its head, its adapters, and which variables are trained under which names. */
export interface PreparedNetwork {
  readonly network: Network;
  readonly head: ClassifierHead | null;
  readonly adapters: readonly AppliedAdapter[];
  /** In a fixed order; names as TrainingOutput describes them. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
}

/** The rows of the head that is trained, and where their values come from. */
export interface TrainedHead {
  readonly count: number;
  readonly start: ChosenClasses['start'];
}

/** Loads the model, or the residual under an adapter, and makes variables of what is trained. */
export async function prepareNetwork(
  plan: TrainPlan,
  { count, start }: TrainedHead,
  signal: AbortSignal,
): Promise<PreparedNetwork> {
  const { method } = plan;
  const model = await openBase(plan, signal);
  const network = await loadNetwork(model, { signal, frozen: plan.frozenWeights });
  const adapter = method.kind === 'adapter' ? await readAdapterFolder(method.adapterPath, { signal }) : null;
  const head = await prepareHead(plan, network, { model, adapter, start }, count);
  const placed = adapter === null ? null : place(adapter, network, plan);
  const trained = new Map(placed?.trained);
  const inFull = placed === null ? reachedParameters(network, head) : [];
  for (const name of [...inFull, ...headNames(network, head, count)])
    trained.set(name, network.parameters.train(name));
  return { network, head, adapters: placed === null ? [] : [placed.applied], trained };
}

/** The adapter with the dropout of the plan instead of its own. */
function place(adapter: AdapterFiles, network: Network, { method }: TrainPlan): PlacedAdapter {
  const dropout = method.kind === 'adapter' ? method.dropout : 0;
  const parametrisation = adapter.parametrisation.withDropout?.(dropout) ?? adapter.parametrisation;
  return placeAdapter({ ...adapter, parametrisation }, network);
}

/** Where training starts: the residual already lies under the adapter, so folded adapters are part of it. */
export function openBase(plan: TrainPlan, signal: AbortSignal): Promise<Model> {
  const { method } = plan;
  if (method.kind === 'adapter' && method.residualPath !== null)
    return openModel(method.residualPath, { signal });
  return openModel(plan.modelPath, { adapters: plan.foldedAdapterPaths, signal });
}

export const headNames = (network: Network, head: ClassifierHead | null, classCount: number): string[] =>
  head === null ? [] : headSpecs(network, head, classCount).map(({ name }) => name);

interface HeadSources {
  readonly model: Model;
  readonly adapter: AdapterFiles | null;
  readonly start: TrainedHead['start'];
}

async function prepareHead(
  plan: TrainPlan,
  network: Network,
  { model, adapter, start }: HeadSources,
  classCount: number,
): Promise<ClassifierHead | null> {
  const head = objectiveOf(plan).head(network);
  if (head === null) return null;
  requireHeadFits(network, head, network.parameters);
  const specs = headSpecs(network, head, classCount);
  if (start === 'new') addClassifierHead(network, head, classCount, plan.seed);
  else {
    for (const { name, shape } of specs) {
      const values =
        start === 'adapter' ? adapter?.savedTensors.get(name)?.data : await model.read(name, 'f32');
      network.parameters.set(name, tf.tensor(values ?? [], [...shape]));
    }
  }
  return head;
}
