import type { tf } from '@eigenloom/engine';
import type { Batch } from '../tokens/batch.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { RawConfig } from './config-field.js';

/** How hidden states become one vector per text. */
export type Pooling = 'mean' | 'first' | 'last';

/** The sizes that every family has. */
export interface NetworkConfig {
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly padTokenId: number;
  /** Standard deviation of new weights. */
  readonly initializerRange: number;
}

/** A tensor that a network needs. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Absent from some checkpoints of the family, and the network then works without it. */
  readonly optional?: boolean;
}

/** Linear modules that read the same input, in the order of the forward pass. */
export interface LinearGroup {
  /** Module paths: the names of their weights without `.weight`. */
  readonly modules: readonly string[];
  readonly inputSize: number;
}

/** The classification head that the Hugging Face class of the family has. */
export interface NativeHead {
  readonly module: string;
  readonly pooling: Pooling;
  readonly bias: boolean;
  /** Hugging Face's class with this head, for `config.architectures`. */
  readonly className: string;
  /** What that class puts before the names of the base model's tensors. */
  readonly basePrefix: string;
}

/** One family of models: names and sizes as data, and the forward pass. `prefix` is what its tensor names start with. */
export interface Architecture<C extends NetworkConfig = NetworkConfig> {
  readonly family: 'bert' | 'llama';
  /** Values of `config.model_type`. */
  readonly modelTypes: readonly string[];
  /** Prefixes that checkpoints of the family use, tried in order; `anchor` tells which. */
  readonly prefixes: readonly string[];
  readonly anchor: string;
  /** Pooling of its sentence encoders and classifiers when nothing is asked for. */
  readonly defaultPooling: Pooling;
  readonly nativeHead: NativeHead;
  parseConfig(config: RawConfig): C;
  parameters(config: C, prefix: string): ParameterSpec[];
  linearGroups(config: C, prefix: string): LinearGroup[];
  /** Hidden states after each layer, embeddings first: [batch·length, hidden]. The last is the model's output. */
  encode(
    config: C,
    prefix: string,
    pass: ForwardPass,
    batch: Batch,
    onLayer?: (hidden: tf.Tensor2D) => void,
  ): tf.Tensor2D;
  /** Tensors of the base model that only its native head reads. */
  nativeHeadParameters(prefix: string): readonly string[];
  /** Vector that the native head reads, from the pooled hidden states: [batch, hidden] → [batch, hidden]. */
  beforeNativeHead(prefix: string, pass: ForwardPass, pooled: tf.Tensor2D): tf.Tensor2D;
  /** Weight of the output layer over the vocabulary, for language models; tied: it is the embedding. */
  readonly languageHead?: (config: C, prefix: string) => { readonly weight: string; readonly tied: boolean };
}
