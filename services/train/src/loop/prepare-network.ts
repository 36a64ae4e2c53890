import { findTensor, openModel, readAdapter, type LoadedAdapter, type Model } from '@eigenloom/checkpoint';
import { tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import {
  addClassifierHead,
  classifierHead,
  headSpecs,
  loadNetwork,
  reachedParameters,
  requireHeadFits,
  type ClassifierHead,
  type LoraPair,
  type Network,
} from '@eigenloom/models';
import type { ChosenClasses } from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';

/** A network ready to train: its head, its adapters, and which variables are trained under which names. */
export interface PreparedNetwork {
  readonly network: Network;
  readonly head: ClassifierHead | null;
  /** By module path in the network. */
  readonly adapters: ReadonlyMap<string, LoraPair>;
  /** In a fixed order; names as TrainingOutput describes them. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
}

/** The rows of the head that is trained, and where their values come from. */
export interface TrainedHead {
  readonly count: number;
  readonly start: ChosenClasses['start'];
}

type Matrix = tf.Variable<tf.Rank.R2>;
/** A pair whose matrices are trained. */
type TrainedPair = LoraPair & { readonly a: Matrix; readonly b: Matrix };

/** Loads the model, or the residual under an adapter, and makes variables of what is trained. */
export async function prepareNetwork(
  plan: TrainPlan,
  { count, start }: TrainedHead,
  signal: AbortSignal,
): Promise<PreparedNetwork> {
  const { method } = plan;
  const model = await openBase(plan, signal);
  const network = await loadNetwork(model, { signal });
  const adapter = method.kind === 'lora' ? await readAdapter(method.adapterPath, { signal }) : null;
  const head = await prepareHead(plan, network, { model, adapter, start }, count);
  const adapters = adapter === null ? new Map<string, TrainedPair>() : adapterVariables(network, adapter);
  const trained = new Map<string, tf.Variable>();
  if (method.kind === 'full') {
    for (const name of reachedParameters(network, head)) trained.set(name, network.parameters.train(name));
  } else {
    for (const [module, { a, b }] of adapters) {
      trained.set(`lora_A/${module}`, a);
      trained.set(`lora_B/${module}`, b);
    }
  }
  for (const name of headNames(network, head, count)) trained.set(name, network.parameters.train(name));
  return { network, head, adapters, trained };
}

/** Where training starts: the residual already lies under the adapter, so folded adapters are part of it. */
export function openBase(plan: TrainPlan, signal: AbortSignal): Promise<Model> {
  const { method } = plan;
  if (method.kind === 'lora' && method.residualPath !== null)
    return openModel(method.residualPath, { signal });
  return openModel(plan.modelPath, { adapters: plan.foldedAdapterPaths, signal });
}

export const headNames = (network: Network, head: ClassifierHead | null, classCount: number): string[] =>
  head === null ? [] : headSpecs(network, head, classCount).map(({ name }) => name);

interface HeadSources {
  readonly model: Model;
  readonly adapter: LoadedAdapter | null;
  readonly start: TrainedHead['start'];
}

async function prepareHead(
  plan: TrainPlan,
  network: Network,
  { model, adapter, start }: HeadSources,
  classCount: number,
): Promise<ClassifierHead | null> {
  const { objective } = plan;
  if (objective.kind !== 'sequence_classification') return null;
  const { architecture } = network;
  const head = classifierHead(architecture, objective.pooling ?? architecture.defaultPooling);
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

function adapterVariables(network: Network, adapter: LoadedAdapter): Map<string, TrainedPair> {
  const modules = new Map(network.linearGroups.flatMap((g) => g.modules).map((m) => [`${m}.weight`, m]));
  const found = new Map<string, TrainedPair>();
  for (const [path, pair] of adapter.modules) {
    const module = findTensor(`${path}.weight`, modules);
    if (module === undefined || pair.kind !== 'linear') {
      throw incompatible(
        'ADAPTER_DOES_NOT_FIT',
        `adapter: ${path} is not a linear module of the model's layers`,
      );
    }
    const variable = (values: Float32Array, shape: readonly number[]): Matrix =>
      tf.tidy(() => tf.variable(tf.tensor2d(values, shape as [number, number]), true));
    const a = variable(pair.a, pair.aShape);
    const b = variable(pair.b, pair.bShape);
    const weight = network.parameters.get(`${module}.weight`);
    if (a.shape[1] !== weight.shape[1] || b.shape[0] !== weight.shape[0]) {
      throw incompatible(
        'ADAPTER_DOES_NOT_FIT',
        `adapter: ${path}: A is [${a.shape.join(', ')}], B is [${b.shape.join(', ')}], the weight is [${weight.shape.join(', ')}]`,
      );
    }
    found.set(module, { a, b, scaling: pair.scaling });
  }
  return found;
}
