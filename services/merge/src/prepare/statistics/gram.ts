import { incompatible } from '@eigenloom/errors';
import {
  type Batch,
  type ClassifierHead,
  type LinearGroup,
  type LinearInput,
  type Network,
  captureLinearInputs,
  headGroups,
} from '@eigenloom/models';
import { kernels } from '@eigenloom/numeric';

import type { ComputedTensor } from './statistic.js';

/** Sums that are in memory at a time; more groups than fit take another pass over the texts. */
const MAX_SUM_BYTES = 512 * 1024 ** 2;
/** Wider inputs have no Gram matrix: its sum alone would take more than that, and solving with it three times as much. */
const MAX_WIDTH = 8192;

export interface GramHooks {
  readonly signal: AbortSignal;
  /** After each batch: the share of all passes. */
  readonly onBatch: (fraction: number) => void;
  /** Default: 512 MiB. */
  readonly maxSumBytes?: number;
}

/** Linear modules with the same input, those of the layers and of the head, but for inputs wider than 8192. */
export const gramGroups = (network: Network, head: ClassifierHead | undefined): LinearGroup[] =>
  [...network.linearGroups, ...(head === undefined ? [] : headGroups(network, head))].filter(
    ({ inputSize }) => inputSize <= MAX_WIDTH,
  );

/** Name of a group's matrix: that of the weight of its first module. */
export const gramName = ({ modules }: Pick<LinearGroup, 'modules'>): string => `${modules[0] ?? ''}.weight`;

/**
 * G = XᵀX / n of the inputs X [n, in] of every linear module: n tokens without padding, in a head n texts. Jin et al. 2022,
 * arXiv:2212.09849; the division by n as in the authors' program (bloomberg/dataless-model-merging, `compute_grams`). Modules with one
 * input share one matrix; inputs wider than 8192 have none. Products of a batch in f32, sums over the batches in f64. Errors: `TOO_LITTLE_DATA`.
 */
export function* gramMatrices(
  network: Network,
  head: ClassifierHead | undefined,
  batches: readonly Batch[],
  hooks: GramHooks,
): Generator<ComputedTensor> {
  const passes = passesOf(gramGroups(network, head), hooks.maxSumBytes ?? MAX_SUM_BYTES);
  const products = new Map<number, Float32Array>();
  for (const [done, groups] of passes.entries()) {
    const sums = new Map(groups.map((group) => [gramName(group), new GramSum(group.inputSize)]));
    for (const [index, batch] of batches.entries()) {
      hooks.signal.throwIfAborted();
      const onInput = (input: LinearInput): void => {
        sums.get(gramName(input))?.add(input, products);
      };
      captureLinearInputs(network, batch, onInput, { head });
      hooks.onBatch((done + (index + 1) / batches.length) / passes.length);
    }
    for (const [name, sum] of sums) yield { name, shape: [sum.width, sum.width], values: sum.mean(name) };
  }
}

function passesOf(groups: readonly LinearGroup[], maxBytes: number): LinearGroup[][] {
  const passes: LinearGroup[][] = [];
  let bytes = 0;
  for (const group of groups) {
    const own = Float64Array.BYTES_PER_ELEMENT * group.inputSize ** 2;
    const last = passes.at(-1);
    if (last !== undefined && bytes + own <= maxBytes) {
      last.push(group);
      bytes += own;
    } else {
      passes.push([group]);
      bytes = own;
    }
  }
  return passes;
}

/** Σ xxᵀ over rows x. */
class GramSum {
  private readonly sum: Float64Array;
  private rows = 0;

  constructor(readonly width: number) {
    this.sum = new Float64Array(width * width);
  }

  /** `products` has working memory by width. */
  add({ values, tokens, width }: LinearInput, products: Map<number, Float32Array>): void {
    const product = products.get(width) ?? new Float32Array(width * width);
    products.set(width, product);
    const dims = Uint32Array.of(1, width, width, tokens, 1, 1);
    const none = new Float32Array(0);
    kernels().kernelMatmul(values, values, none, none, none, true, false, dims, false, product);
    const { sum } = this;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (product[i] ?? 0);
    this.rows += tokens;
  }

  mean(name: string): Float32Array {
    if (this.rows === 0) throw incompatible('TOO_LITTLE_DATA', `nothing went into ${name}`);
    return Float32Array.from(this.sum, (sum) => sum / this.rows);
  }
}
