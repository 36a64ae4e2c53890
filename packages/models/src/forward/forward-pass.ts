import { layerNorm, linear, rmsNorm, tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import type { PixelBatch } from '../batch.js';
import type { NormSpec } from '../families/module-spec.js';
import type {
  AppliedAdapter,
  Attend,
  AttentionStates,
  HookContext,
  HookKind,
  SiteHooks,
  TrainingKeys,
} from './adapter-hooks.js';
import { attend, type AttendOptions } from './attention.js';
import { embed } from './embedding.js';
import type { Parameters } from './parameters.js';
import { patchesOf } from './patches.js';
import type { Features } from './row-layout.js';

/** Settings of one forward pass. */
export interface ForwardOptions {
  /** In the order in which they are applied. */
  readonly adapters?: readonly AppliedAdapter[];
  /** Given while training: adapters drop out, and the like. */
  readonly training?: TrainingKeys;
  /** How a layer is run whose inner values a gradient needs; without it they are kept. `run` gives the same each time. */
  readonly part?: (x: tf.Tensor2D, run: (x: tf.Tensor2D) => tf.Tensor2D) => tf.Tensor2D;
  /** Called with the input of each group of linear modules that share it: [rows, in], padding included. */
  readonly onLinearInput?: (modules: readonly string[], input: tf.Tensor2D) => void;
  /** Called with the hidden states after each layer, embeddings first; the last are the model's output: [rows, hidden]. */
  readonly onLayer?: (hidden: tf.Tensor2D) => void;
}

/** The end of a block. */
export interface BlockEnd {
  readonly block: string;
  /** What went into the block: [n, width]. */
  readonly input: tf.Tensor2D;
  /** Its last module, which is linear. */
  readonly last: string;
  /** What that reads: [n, in]. */
  readonly x: tf.Tensor2D;
}

/** What a pass computes with. */
export interface PassWeights {
  readonly parameters: Parameters;
  /** By path. */
  readonly norms: ReadonlyMap<string, NormSpec>;
}

/** All work on weights in one forward pass, with the adapters at each site. A pass without adapters runs the plain operations. */
export class ForwardPass {
  readonly #adapters: readonly AppliedAdapter[];
  readonly #context: HookContext;
  /** The position of the first row of each example. */
  readonly firstPosition: number;

  constructor(
    private readonly weights: PassWeights,
    private readonly options: ForwardOptions = {},
  ) {
    this.#adapters = options.adapters ?? [];
    this.firstPosition = this.#adapters.reduce((sum, { positions }) => sum + (positions ?? 0), 0);
    this.#context = { training: options.training, weight: (name) => this.weight(name) };
  }

  /** A weight by its name. Errors: `TENSOR_MISSING`. */
  weight(name: string): tf.Tensor {
    return this.#adapted(name, this.weights.parameters.get(name));
  }

  #adapted(name: string, weight: tf.Tensor): tf.Tensor {
    return this.#hooks('weight', name).reduce((w, hook) => hook(w, this.#context), weight);
  }

  #matrix(name: string): tf.Tensor2D {
    return this.weight(name) as tf.Tensor2D;
  }

  /** Modules that share the input x [n, in]; each gives [n, out]. */
  linears(paths: readonly string[], x: tf.Tensor2D): tf.Tensor2D[] {
    this.options.onLinearInput?.(paths, x);
    return paths.map((path) => {
      const bias = this.#bias(path);
      const weight = this.#matrix(`${path}.weight`);
      const plain = linear(x, weight, bias) as tf.Tensor2D;
      return this.#hooks('linear', path).reduce(
        (y, hook) => hook(x, { y, weight, bias }, this.#context),
        plain,
      );
    });
  }

  linear(path: string, x: tf.Tensor2D): tf.Tensor2D {
    return this.linears([path], x)[0] as tf.Tensor2D;
  }

  /** onto + the block whose last module is linear, both [n, width]: one pass over memory where no adapter is between. */
  residual(onto: tf.Tensor2D, { block, input, last, x }: BlockEnd): tf.Tensor2D {
    if (this.#hooks('block', block).length > 0 || this.#hooks('linear', last).length > 0)
      return tf.add(onto, this.block(block, input, this.linear(last, x)));
    this.options.onLinearInput?.([last], x);
    return linear(x, this.#matrix(`${last}.weight`), this.#bias(last), onto) as tf.Tensor2D;
  }

  /** One of the layers that follow each other: x [n, width] → [n, width]. What it reads beside x, it reads again if it runs again. */
  layerOf(x: tf.Tensor2D, run: (x: tf.Tensor2D) => tf.Tensor2D): tf.Tensor2D {
    return this.options.part?.(x, run) ?? tf.tidy(() => run(x));
  }

  #bias(path: string): tf.Tensor1D | undefined {
    const name = `${path}.bias`;
    const stored = this.weights.parameters.find(name);
    return stored === undefined ? undefined : (this.#adapted(name, stored) as tf.Tensor1D);
  }

  /** Squares of an image as rows of hidden states: [size·patches, width]. */
  patches(path: string, batch: PixelBatch): tf.Tensor2D {
    const kernel = this.weight(`${path}.weight`) as tf.Tensor4D;
    const [width, channels, patch] = kernel.shape;
    if (batch.channels !== channels)
      throw incompatible('INPUT_SHAPE', `images have ${batch.channels} channels, ${path} reads ${channels}`);
    const inner = channels * patch * patch;
    const x = patchesOf(batch, patch);
    const weight: tf.Tensor2D = tf.reshape(kernel, [width, inner]);
    const bias = this.weight(`${path}.bias`) as tf.Tensor1D;
    return this.#hooks('patches', path).reduce(
      (y, hook) => hook(x, { y, weight, bias }, this.#context),
      linear(x, weight, bias) as tf.Tensor2D,
    );
  }

  /** x·Tᵀ with the table of an embedding, for output layers that are tied to it: [n, width] → [n, rows]. */
  embeddingScores(path: string, x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.#matrix(`${path}.weight`)) as tf.Tensor2D;
  }

  /** x [n, size] → [n, size]. */
  norm(path: string, x: tf.Tensor2D): tf.Tensor2D {
    const spec = this.weights.norms.get(path);
    if (spec === undefined) throw new Error(`the family lists no norm ${path}`);
    const weight = this.weight(`${path}.weight`);
    const plain =
      spec.form === 'rms'
        ? rmsNorm(x, weight, spec.epsilon)
        : layerNorm(x, weight, this.weight(`${path}.bias`), spec.epsilon);
    return this.#hooks('norm', path).reduce((y, hook) => hook(y, this.#context), plain as tf.Tensor2D);
  }

  /** Rows of a table: [n, width]. Errors: `TOKEN_OUT_OF_RANGE`. */
  embedding(path: string, ids: Int32Array): tf.Tensor2D {
    const plain = embed(this.#matrix(`${path}.weight`), ids);
    return this.#hooks('embedding', path).reduce((rows, hook) => hook(rows, ids, this.#context), plain);
  }

  /** Rows `first` to `first + count` of a table, as positions need them: [count, width]. Errors: `TEXT_TOO_LONG`. */
  embeddingRows(path: string, first: number, count: number): tf.Tensor2D {
    const table = this.#matrix(`${path}.weight`);
    const [rows, width] = table.shape;
    if (first + count > rows)
      throw incompatible('TEXT_TOO_LONG', `${first + count} positions are wanted, ${path} has ${rows}`);
    const plain: tf.Tensor2D = tf.slice2d(table, [first, 0], [count, width]);
    const hooks = this.#hooks('embedding', path);
    if (hooks.length === 0) return plain;
    const ids = Int32Array.from({ length: count }, (_, row) => first + row);
    return hooks.reduce((y, hook) => hook(y, ids, this.#context), plain);
  }

  /** Attention of heads, joined again: → [batch·queries, heads·d]. */
  attention(path: string, states: AttentionStates, options: AttendOptions): tf.Tensor2D {
    const plain: Attend = (each) => attend(each, options);
    const whole = this.#hooks('attention', path).reduceRight<Attend>(
      (inner, hook) => (each) => hook(each, inner, this.#context),
      plain,
    );
    return whole(states);
  }

  /** What a block gave for an input, both [n, width], with what adapters make of it. */
  block(path: string, input: tf.Tensor2D, output: tf.Tensor2D): tf.Tensor2D {
    return this.#hooks('block', path).reduce((y, hook) => hook(y, input, this.#context), output);
  }

  /** The embedded input of the first layer, with what adapters add. */
  input(path: string, features: Features): Features {
    return this.#hooks('input', path).reduce((all, hook) => hook(all, this.#context), features);
  }

  /** Says what the hidden states after a layer are. */
  layer(hidden: tf.Tensor2D): void {
    this.options.onLayer?.(hidden);
  }

  #hooks<K extends HookKind>(kind: K, path: string): readonly SiteHooks[K][] {
    if (this.#adapters.length === 0) return NONE;
    return this.#adapters.flatMap((adapter) => {
      const hook = (adapter[kind] as ReadonlyMap<string, SiteHooks[K]> | undefined)?.get(path);
      return hook === undefined ? [] : [hook];
    });
  }
}

const NONE: readonly never[] = [];
