import type { AdapterTensor, Site } from '../parametrisation.js';
import { type LoraSettings, type PairPart, tensorsOf as pairsOf } from '../lora/spec.js';

/** The tensors of a linear module, by PEFT's names: the pair of the direction, and the magnitude. */
export type DoraPart = PairPart | 'lora_magnitude_vector';

/**
 * The pair as LoRA starts it, and m [out] the norms of the weight's rows: the network is unchanged at the start. Under a start that takes
 * s·B·A out of the weight, m is that of the weight as it was. arXiv:2402.09353, section 4.1; its W is stored [in, out] and has the norms
 * of columns.
 */
export function tensorsOf(settings: LoraSettings, sites: readonly Site[]): AdapterTensor<DoraPart>[] {
  const magnitudes = sites.flatMap((site): AdapterTensor<DoraPart>[] => {
    if (site.kind !== 'linear') return [];
    const { path: module, out, in: columns } = site;
    return [
      {
        ...{ part: 'lora_magnitude_vector', module, shape: [out], trained: true },
        start: async (from) => Float32Array.from(rowNorms(await from.weight(module), out, columns)),
      },
    ];
  });
  return [...pairsOf(settings, sites), ...magnitudes];
}

/** ‖w‖ of each row of w [rows, columns]. */
export const rowNorms = (w: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (const value of w.subarray(row * columns, (row + 1) * columns)) sum += value * value;
    return Math.sqrt(sum);
  });
