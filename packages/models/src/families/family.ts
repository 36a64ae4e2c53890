import type { tf } from '@eigenloom/engine';
import type { Batch } from '../batch.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { Features } from '../forward/row-layout.js';
import type { RawConfig } from './config-field.js';
import type { ModuleSpec } from './module-spec.js';

/** How hidden states become one vector per example. */
export type Pooling = 'mean' | 'first' | 'last';

/** Images as a network reads them, in pixels. */
export interface ImageInput {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The sizes that every family has. */
export interface NetworkConfig {
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  /** 0 where the family reads no tokens. */
  readonly vocabularySize: number;
  /** Positions that an example may take. */
  readonly maxPositions: number;
  /** 0 where the family reads no tokens. */
  readonly padTokenId: number;
  /** Of families that read pixels. */
  readonly image?: ImageInput;
  /** Standard deviation of new weights. */
  readonly initializerRange: number;
}

/** The classification head that the Hugging Face class of the family has. */
export interface ClassificationHead {
  readonly module: string;
  readonly pooling: Pooling;
  readonly bias: boolean;
  /** Hugging Face's class with this head, for `config.architectures`. */
  readonly className: string;
  /** What that class puts before the names of the base model's tensors. */
  readonly basePrefix: string;
  /** What the head reads, from the pooled hidden states, by modules that are the head's: [examples, hidden] → the same. */
  read?(prefix: string, pass: ForwardPass, pooled: tf.Tensor2D): tf.Tensor2D;
}

/** The output layer over the vocabulary of a causal language model. */
export interface LanguageHead<C> {
  /** Scores of the next token: [rows, hidden] → [rows, vocabulary]. */
  logits(config: C, prefix: string, pass: ForwardPass, hidden: tf.Tensor2D): tf.Tensor2D;
}

/** The heads that a family may have, by the kind of task. */
export interface Heads<C> {
  readonly classification?: ClassificationHead;
  readonly language_modeling?: LanguageHead<C>;
}

/**
 * One family of models: its modules as data, and the forward pass by the names of their tensors. Everything else (tensors, groups of
 * linear modules, sites of adapters, what a head reaches) follows from `modules`. `prefix` is what its tensor names start with.
 */
export interface Family<C extends NetworkConfig = NetworkConfig, I extends Batch = Batch> {
  readonly id: string;
  /** Values of `config.model_type`. */
  readonly modelTypes: readonly string[];
  /** The kind of batch that it reads. */
  readonly input: I['kind'];
  /** Prefixes that checkpoints of the family use, tried in order; `anchor` tells which. */
  readonly prefixes: readonly string[];
  readonly anchor: string;
  /** Pooling of its encoders and classifiers when nothing is asked for. */
  readonly defaultPooling: Pooling;
  readonly heads: Heads<C>;
  parseConfig(config: RawConfig): C;
  /** In the order of the forward pass, modules of heads last. */
  modules(config: C, prefix: string): readonly ModuleSpec[];
  /** Tells `pass.layer` of the hidden states after each layer, embeddings first; the last are the model's output. */
  forward(config: C, prefix: string, pass: ForwardPass, batch: I): Features;
}
