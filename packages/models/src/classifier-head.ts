import { tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import { randomNormals, streamKey } from '@eigenloom/numeric';
import type { Batch } from './batch.js';
import type { ClassificationHead, Family, Pooling } from './families/family.js';
import { familyOf } from './families/index.js';
import {
  groupsOf,
  tensorsOf,
  type HeadKind,
  type LinearGroup,
  type LinearSpec,
  type ParameterSpec,
} from './families/module-spec.js';
import type { ForwardOptions } from './forward/forward-pass.js';
import { pool } from './forward/pooling.js';
import type { Features } from './forward/row-layout.js';
import type { ModelSource } from './model-source.js';
import type { Network, NetworkPlan } from './network.js';

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

export function classifierHead({ heads }: Pick<Family, 'heads'>, pooling: Pooling): ClassifierHead {
  const own = heads.classification;
  return pooling === own?.pooling
    ? { module: own.module, pooling, bias: own.bias, native: true }
    : { module: `${pooling}_pool_classifier`, pooling, bias: true, native: false };
}

/** The family's own head where `head` is that one. */
export const nativeHeadOf = (
  { family }: Pick<NetworkPlan, 'family'>,
  head: ClassifierHead | null,
): ClassificationHead | undefined => (head?.native === true ? family.heads.classification : undefined);

/** The head that a checkpoint brings, if it has one. */
export function findClassifierHead(
  family: Pick<Family, 'heads'>,
  tensors: ReadonlyMap<string, unknown>,
): ClassifierHead | undefined {
  return POOLINGS.map((pooling) => classifierHead(family, pooling)).find(({ module }) =>
    tensors.has(`${module}.weight`),
  );
}

/** Rows of the head that a checkpoint brings: its classes. Errors: `NO_CLASSIFIER`. */
export function headRowsOf({ config, tensors }: Pick<ModelSource, 'config' | 'tensors'>): number {
  const head = findClassifierHead(familyOf(config), tensors);
  const rows = head === undefined ? undefined : tensors.get(`${head.module}.weight`)?.shape[0];
  if (rows === undefined) throw incompatible('NO_CLASSIFIER', 'the model has no classification head');
  return rows;
}

/** The module of a head; the native one may read modules of the model beside it. */
const headModule = ({ config }: NetworkPlan, head: ClassifierHead, classCount: number): LinearSpec => ({
  kind: 'linear',
  path: head.module,
  in: config.hiddenSize,
  out: classCount,
  bias: head.bias,
});

/** Tensors of a head; those that the native head of BERT reads beside them (the pooler) are the model's. */
export const headSpecs = (plan: NetworkPlan, head: ClassifierHead, classCount: number): ParameterSpec[] =>
  tensorsOf(headModule(plan, head, classCount));

/** Tensors of the model that only heads of this kind read, such as BERT's pooler. */
export const headTensors = ({ modules }: Pick<NetworkPlan, 'modules'>, kind: HeadKind): string[] =>
  modules
    .filter(({ head }) => head === kind)
    .flatMap(tensorsOf)
    .map(({ name }) => name);

/** Linear modules that a head adds behind those of the layers, in the order of the forward pass. */
export function headGroups(plan: NetworkPlan, head: ClassifierHead): LinearGroup[] {
  const before = head.native ? plan.modules.filter((module) => module.head === 'classification') : [];
  return groupsOf([...before, headModule(plan, head, 0)]);
}

/** Refuses a native head whose model lacks what it reads, such as BERT's pooler. */
export function requireHeadFits(
  plan: NetworkPlan,
  head: ClassifierHead,
  names: { has(name: string): boolean },
): void {
  const native = nativeHeadOf(plan, head);
  if (native === undefined) return;
  const missing = headTensors(plan, 'classification').find((name) => !names.has(name));
  if (missing === undefined) return;
  throw incompatible(
    'TENSOR_MISSING',
    `${native.className} needs the tensor ${missing}, which the model lacks; choose another pooling`,
  );
}

/** Weights that the loss of a head (or, without one, of the language model) depends on. */
export function reachedParameters(network: Network, head: ClassifierHead | null): string[] {
  const read: HeadKind | undefined =
    head === null ? 'language_modeling' : head.native ? 'classification' : undefined;
  const others = network.modules.filter((module) => module.head !== undefined && module.head !== read);
  const unread = new Set(others.flatMap(tensorsOf).map(({ name }) => name));
  return network.parameters.names.filter((name) => !unread.has(name));
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
  const head = findClassifierHead(network.family, source.tensors);
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

/** What a network makes of a batch, and the scores that a loss is taken of. */
export interface Scored {
  readonly features: Features;
  /** Of the classes [examples, classes], or of the next token at every position [size·length, vocabulary]. */
  readonly logits: tf.Tensor2D;
}

/** Runs a network under a head, or without one as a language model. Call inside tf.tidy. Errors: `NO_LANGUAGE_HEAD`. */
export function scored(
  network: Network,
  head: ClassifierHead | null,
  batch: Batch,
  options: ForwardOptions = {},
): Scored {
  const pass = network.pass(options);
  const features = network.features(batch, pass);
  if (head === null) return { features, logits: network.languageScores(batch, features, pass) };
  const pooled = pool(features.hidden, features.layout, head.pooling);
  const read = nativeHeadOf(network, head)?.read?.(network.prefix, pass, pooled) ?? pooled;
  return { features, logits: pass.linear(head.module, read) };
}

/** Scores of the classes: [examples, classes]. Call inside tf.tidy. */
export const classifierLogits = (
  network: Network,
  head: ClassifierHead,
  batch: Batch,
  options: ForwardOptions = {},
): tf.Tensor2D => scored(network, head, batch, options).logits;
