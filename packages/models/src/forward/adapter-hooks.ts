import type { tf } from '@eigenloom/engine';
import type { RandomKey } from '@eigenloom/numeric';
import type { Features } from './row-layout.js';

/** What every hook is given beside its own tensors. */
export interface HookContext {
  /** Given while training: the key of the random numbers of one site at this step. */
  readonly training: TrainingKeys | undefined;
  /** A weight of the network by its name, as the pass sees it. */
  weight(name: string): tf.Tensor;
}

/** Random numbers of one step of training. */
export interface TrainingKeys {
  key(site: string): RandomKey;
}

/** What a linear module computes without this adapter. */
export interface LinearBase {
  /** [n, out], with the adapters before this one. */
  readonly y: tf.Tensor2D;
  /** [out, in] */
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D | undefined;
}

/** Queries, keys and values by head: q [batch, queries, heads, d], k and v [batch, keys, keyValueHeads, d]. */
export interface AttentionStates {
  readonly q: tf.Tensor4D;
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
}

/** Attention as the module computes it: [batch·queries, heads·d]. Keys put before those of the batch are seen by every query. */
export type Attend = (states: AttentionStates) => tf.Tensor2D;

/** What is done at a site, by the kind of the site. Each gives what the network goes on with. */
export interface SiteHooks {
  /** x [n, in] → [n, out]. */
  linear(x: tf.Tensor2D, base: LinearBase, context: HookContext): tf.Tensor2D;
  /** As at a linear module: x [n, channels·patch²] are the pixels of each square, the weight is [width, channels·patch²]. */
  patches(x: tf.Tensor2D, base: LinearBase, context: HookContext): tf.Tensor2D;
  /** y [n, size] is what the norm gave. */
  norm(y: tf.Tensor2D, context: HookContext): tf.Tensor2D;
  /** Rows [n, width] of the table, and their numbers. */
  embedding(rows: tf.Tensor2D, ids: Int32Array, context: HookContext): tf.Tensor2D;
  attention(states: AttentionStates, attend: Attend, context: HookContext): tf.Tensor2D;
  /** What the block gave, and what went into it: both [n, width]. */
  block(output: tf.Tensor2D, input: tf.Tensor2D, context: HookContext): tf.Tensor2D;
  /** The embedded input, where rows may be added. */
  input(features: Features, context: HookContext): Features;
  /** A weight before it is used, wherever it is. */
  weight(weight: tf.Tensor, context: HookContext): tf.Tensor;
}

/** The kinds of sites, which are those of modules. */
export type HookKind = keyof SiteHooks;

/** An adapter as a pass applies it: its hooks by the path of their module, those of weights by the name of the tensor. */
export type AppliedAdapter = { readonly [K in HookKind]?: ReadonlyMap<string, SiteHooks[K]> } & {
  /** Positions that the adapter takes before those of the batch; default 0. */
  readonly positions?: number;
};
