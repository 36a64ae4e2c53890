import { linear, type tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import { meanCrossEntropy } from './forward/losses.js';
import { ForwardPass, type ForwardOptions } from './forward/forward-pass.js';
import { loadParameters, type Parameters } from './forward/parameters.js';
import type { ModelSource } from './model-source.js';
import type { Architecture, LinearGroup, NetworkConfig } from './networks/architecture.js';
import { architectureOf } from './networks/index.js';
import type { Batch } from './tokens/batch.js';

/** A model that can be run: its weights on the current tf.js backend, under their names in the checkpoint. */
export class Network {
  constructor(
    readonly architecture: Architecture,
    readonly config: NetworkConfig,
    /** What its tensor names start with: '' or, for example, 'bert.'. */
    readonly prefix: string,
    readonly parameters: Parameters,
  ) {}

  /** Linear modules of the layers, those with one input together. */
  get linearGroups(): LinearGroup[] {
    return this.architecture.linearGroups(this.config, this.prefix);
  }

  /** Last hidden states: [batch·length, hidden]. Call inside tf.tidy. */
  encode(batch: Batch, options: ForwardOptions = {}, onLayer?: (hidden: tf.Tensor2D) => void): tf.Tensor2D {
    this.#requireFits(batch);
    return this.architecture.encode(
      this.config,
      this.prefix,
      new ForwardPass(this.parameters, options),
      batch,
      onLayer,
    );
  }

  /** Scores of the next token at every position: [batch·length, vocabulary]. Call inside tf.tidy. */
  languageLogits(batch: Batch, options: ForwardOptions = {}): tf.Tensor2D {
    const head = this.architecture.languageHead?.(this.config, this.prefix);
    if (head === undefined) {
      throw incompatible(
        'NO_LANGUAGE_HEAD',
        `the ${this.architecture.family} family has no causal language model here`,
      );
    }
    return linear(this.encode(batch, options), this.parameters.get(head.weight)) as tf.Tensor2D;
  }

  /** Mean cross-entropy of the next token over all texts of the batch. Call inside tf.tidy. */
  languageLoss(batch: Batch, options: ForwardOptions = {}): tf.Scalar {
    return meanCrossEntropy(this.languageLogits(batch, options), nextTokens(batch));
  }

  dispose(): void {
    this.parameters.dispose();
  }

  #requireFits(batch: Batch): void {
    if (batch.length > this.config.maxPositions) {
      throw incompatible(
        'TEXT_TOO_LONG',
        `a text has ${batch.length} tokens, the model has ${this.config.maxPositions} positions`,
      );
    }
  }
}

/** The token after each, or −1 where there is none: [batch·length]. */
export function nextTokens(batch: Batch): Int32Array {
  const labels = new Int32Array(batch.ids.length).fill(-1);
  batch.lengths.forEach((count, row) => {
    const start = row * batch.length;
    for (let t = 0; t + 1 < count; t++) labels[start + t] = batch.ids[start + t + 1] ?? -1;
  });
  return labels;
}

/** What can be known of a network without reading its weights: for validation and estimates. */
export interface NetworkPlan {
  readonly architecture: Architecture;
  readonly config: NetworkConfig;
  readonly prefix: string;
}

export function planNetwork(source: Pick<ModelSource, 'config' | 'tensors'>): NetworkPlan {
  const architecture = architectureOf(source.config);
  const config = architecture.parseConfig(source.config);
  const prefix = architecture.prefixes.find((p) => source.tensors.has(p + architecture.anchor));
  if (prefix === undefined)
    throw incompatible('TENSOR_MISSING', `the model has no tensor ${architecture.anchor}`);
  return { architecture, config, prefix };
}

/** Loads the weights onto the current backend. Refuses tensors that are missing, of another shape, or not finite. */
export async function loadNetwork(
  source: ModelSource,
  options: { signal?: AbortSignal } = {},
): Promise<Network> {
  const { architecture, config, prefix } = planNetwork(source);
  const specs = architecture.parameters(config, prefix);
  return new Network(architecture, config, prefix, await loadParameters(source, specs, options.signal));
}
