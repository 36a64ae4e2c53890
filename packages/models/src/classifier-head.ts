import { tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import { ForwardPass, type ForwardOptions } from './forward/forward-pass.js';
import { pool } from './forward/pooling.js';
import type { ModelSource } from './model-source.js';
import type { Network, NetworkPlan } from './network.js';
import { architectureOf } from './networks/index.js';
import type { Architecture, LinearGroup, ParameterSpec, Pooling } from './networks/architecture.js';
import type { Batch } from './tokens/batch.js';

/**
 * A linear classifier on the pooled hidden states. With the pooling of the family's own class it has that class's name and
 * form, so that other tools give the same scores; with another pooling its name says so (`mean_pool_classifier`), so that no
 * tool takes it for its own.
 */
export interface ClassifierHead {
  /** Module path; its tensors are `${module}.weight` [classes, hidden] and, where it has one, `${module}.bias`. */
  readonly module: string;
  readonly pooling: Pooling;
  readonly bias: boolean;
  readonly native: boolean;
}

const POOLINGS: readonly Pooling[] = ['mean', 'first', 'last'];

export function classifierHead(architecture: Architecture, pooling: Pooling): ClassifierHead {
  const { nativeHead } = architecture;
  return pooling === nativeHead.pooling
    ? { module: nativeHead.module, pooling, bias: nativeHead.bias, native: true }
    : { module: `${pooling}_pool_classifier`, pooling, bias: true, native: false };
}

/** The head that a checkpoint brings, if it has one. */
export function findClassifierHead(
  architecture: Architecture,
  tensors: ReadonlyMap<string, unknown>,
): ClassifierHead | undefined {
  return POOLINGS.map((pooling) => classifierHead(architecture, pooling)).find(({ module }) =>
    tensors.has(`${module}.weight`),
  );
}

/** Rows of the head that a checkpoint brings: its classes. Errors: `NO_CLASSIFIER`. */
export function headRowsOf({ config, tensors }: Pick<ModelSource, 'config' | 'tensors'>): number {
  const head = findClassifierHead(architectureOf(config), tensors);
  const rows = head === undefined ? undefined : tensors.get(`${head.module}.weight`)?.shape[0];
  if (rows === undefined) throw incompatible('NO_CLASSIFIER', 'the model has no classification head');
  return rows;
}

/** Tensors of a head; the native BERT head needs the model's pooler beside them. */
export function headSpecs(plan: NetworkPlan, head: ClassifierHead, classCount: number): ParameterSpec[] {
  return [
    { name: `${head.module}.weight`, shape: [classCount, plan.config.hiddenSize] },
    ...(head.bias ? [{ name: `${head.module}.bias`, shape: [classCount] }] : []),
  ];
}

/** Linear modules that a head adds behind those of the layers, in the order of the forward pass. */
export function headGroups(
  { architecture, config, prefix }: NetworkPlan,
  head: ClassifierHead,
): LinearGroup[] {
  const own = head.native ? architecture.nativeHeadParameters(prefix) : [];
  const before = own.flatMap((name) => (name.endsWith('.weight') ? [name.slice(0, -'.weight'.length)] : []));
  return [...before, head.module].map((module) => ({ modules: [module], inputSize: config.hiddenSize }));
}

/** Refuses a native head whose model lacks what it reads, such as BERT's pooler. */
export function requireHeadFits(
  plan: NetworkPlan,
  head: ClassifierHead,
  names: { has(name: string): boolean },
): void {
  if (!head.native) return;
  const missing = plan.architecture.nativeHeadParameters(plan.prefix).find((name) => !names.has(name));
  if (missing === undefined) return;
  throw incompatible(
    'TENSOR_MISSING',
    `${plan.architecture.nativeHead.className} needs the tensor ${missing}, which the model lacks; choose another pooling`,
  );
}

/** Weights that the loss of a head (or, without one, of the language model) depends on. */
export function reachedParameters(network: Network, head: ClassifierHead | null): string[] {
  const { architecture, config, prefix, parameters } = network;
  const unread = new Set(head?.native === true ? [] : architecture.nativeHeadParameters(prefix));
  const languageHead = architecture.languageHead?.(config, prefix);
  if (head !== null && languageHead?.tied === false) unread.add(languageHead.weight);
  return parameters.names.filter((name) => !unread.has(name));
}

/** Gives the network a new head: N(0, initializer_range²) weights, zero bias. */
export function addClassifierHead(
  network: Network,
  head: ClassifierHead,
  classCount: number,
  seed: bigint,
): void {
  for (const { name, shape } of headSpecs(network, head, classCount)) {
    const size = shape.reduce((product, n) => product * n, 1);
    const values = name.endsWith('.bias')
      ? new Float32Array(size)
      : randomNormals(streamKey(seed, 'head', name), size, network.config.initializerRange);
    network.parameters.set(name, tf.tensor(values, [...shape]));
  }
}

/** Loads the head of a checkpoint into its network; returns the head and its number of classes. */
export async function loadClassifierHead(
  network: Network,
  source: ModelSource,
): Promise<{ head: ClassifierHead; classCount: number }> {
  const head = findClassifierHead(network.architecture, source.tensors);
  if (head === undefined) throw incompatible('NO_CLASSIFIER', 'the model has no classification head');
  const classCount = source.tensors.get(`${head.module}.weight`)?.shape[0] ?? 0;
  for (const { name, shape } of headSpecs(network, head, classCount)) {
    const info = source.tensors.get(name);
    if (info?.shape.join() !== shape.join()) {
      throw incompatible('SHAPE_MISMATCH', `tensor ${name} does not have shape [${shape.join(', ')}]`);
    }
    network.parameters.set(name, tf.tensor(await source.read(name, 'f32'), [...shape]));
  }
  return { head, classCount };
}

/** Scores of the classes: [batch, classes]. Call inside tf.tidy. */
export function classifierLogits(
  network: Network,
  head: ClassifierHead,
  batch: Batch,
  options: ForwardOptions = {},
): tf.Tensor2D {
  const pooled = pool(network.encode(batch, options), batch, head.pooling);
  const pass = new ForwardPass(network.parameters, options);
  const read = head.native ? network.architecture.beforeNativeHead(network.prefix, pass, pooled) : pooled;
  return pass.linear(head.module, read);
}
