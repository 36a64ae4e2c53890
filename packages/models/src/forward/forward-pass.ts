import { linear, type tf } from '@eigenloom/engine';
import { addLora, type LoraDropout, type LoraPair } from './lora.js';
import type { Parameters } from './parameters.js';

/** Settings of one forward pass. */
export interface ForwardOptions {
  /** Adapter pairs by module path. */
  readonly adapters?: ReadonlyMap<string, LoraPair>;
  /** Given while training. */
  readonly dropout?: LoraDropout;
  /** Called with the input of each group of linear modules that share it: [batch·length, in], padding included. */
  readonly onLinearInput?: (modules: readonly string[], input: tf.Tensor2D) => void;
}

/** What a forward pass computes with: weights by name, and linear modules with their adapters. */
export class ForwardPass {
  constructor(
    readonly parameters: Parameters,
    readonly options: ForwardOptions = {},
  ) {}

  /** A vector of weights: [size]. */
  vector(name: string): tf.Tensor1D {
    return this.parameters.get(name) as tf.Tensor1D;
  }

  /** A matrix of weights: [rows, columns]. */
  matrix(name: string): tf.Tensor2D {
    return this.parameters.get(name) as tf.Tensor2D;
  }

  /** Modules that share the input x [n, in]; each gives [n, out]. */
  linears(modules: readonly string[], x: tf.Tensor2D): tf.Tensor2D[] {
    this.options.onLinearInput?.(modules, x);
    return modules.map((module) => {
      const bias = this.parameters.find(`${module}.bias`) as tf.Tensor1D | undefined;
      const base = linear(x, this.matrix(`${module}.weight`), bias) as tf.Tensor2D;
      const pair = this.options.adapters?.get(module);
      return pair === undefined ? base : addLora(base, x, pair, module, this.options.dropout);
    });
  }

  linear(module: string, x: tf.Tensor2D): tf.Tensor2D {
    return this.linears([module], x)[0] as tf.Tensor2D;
  }
}
