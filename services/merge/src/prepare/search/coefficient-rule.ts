import type { Coefficients } from './merged-parameters.js';

/** How the coefficients follow from the numbers that are learned. */
export type RuleName =
  /** They are those numbers. */
  | 'plain'
  /** Those numbers, held between 0 and 1. */
  | 'unit'
  /** Softmax over the models. */
  | 'softmax';

export interface RuleSettings {
  readonly name: RuleName;
  /** The same coefficients for all tensors. */
  readonly shared: boolean;
  readonly tensors: number;
  readonly models: number;
}

/** The map from learned numbers [rows, models] to coefficients [tensors, models] and its transposed derivative. */
export class CoefficientRule {
  readonly rows: number;

  constructor(private readonly settings: RuleSettings) {
    this.rows = settings.shared ? 1 : settings.tensors;
  }

  get size(): number {
    return this.rows * this.settings.models;
  }

  /** Coefficients [tensors, models]. */
  of(learned: Float32Array): Coefficients {
    const { tensors, models, shared } = this.settings;
    const coefficients = new Float64Array(tensors * models);
    for (let tensor = 0; tensor < tensors; tensor += 1) {
      coefficients.set(this.row(learned, shared ? 0 : tensor), tensor * models);
    }
    return coefficients;
  }

  /** Coefficients of a row of the learned numbers, also where no tensor has it. */
  row(learned: Float32Array, row: number): Float64Array {
    const { name, models } = this.settings;
    const own = Float64Array.from(learned.subarray(row * models, (row + 1) * models));
    switch (name) {
      case 'plain':
        return own;
      case 'unit':
        return own.map((value) => Math.min(1, Math.max(0, value)));
      case 'softmax':
        return softmax(own);
    }
  }

  /** From the gradient with respect to the coefficients to that with respect to the learned numbers. */
  pullBack(learned: Float32Array, gradient: Coefficients): Float64Array {
    const { tensors, models, shared } = this.settings;
    const summed = new Float64Array(this.size);
    for (let tensor = 0; tensor < tensors; tensor += 1) {
      const row = shared ? 0 : tensor;
      for (let model = 0; model < models; model += 1) {
        const at = row * models + model;
        summed[at] = (summed[at] ?? 0) + (gradient[tensor * models + model] ?? 0);
      }
    }
    for (let row = 0; row < this.rows; row += 1) this.#pullBackRow(learned, row, summed);
    return summed;
  }

  #pullBackRow(learned: Float32Array, row: number, summed: Float64Array): void {
    const { name, models } = this.settings;
    const own = summed.subarray(row * models, (row + 1) * models);
    if (name === 'unit') {
      for (let model = 0; model < models; model += 1) {
        const value = learned[row * models + model] ?? 0;
        if (value < 0 || value > 1) own[model] = 0;
      }
    }
    if (name === 'softmax') {
      const share = this.row(learned, row);
      const mean = share.reduce((sum, p, model) => sum + p * (own[model] ?? 0), 0);
      for (let model = 0; model < models; model += 1) {
        own[model] = (share[model] ?? 0) * ((own[model] ?? 0) - mean);
      }
    }
  }
}

function softmax(values: Float64Array): Float64Array {
  const peak = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - peak));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
