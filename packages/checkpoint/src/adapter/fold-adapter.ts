import { incompatible } from '@eigenloom/errors';
import type { SafetensorsFile } from '@eigenloom/numeric';

import type { FoldedPair, TensorInfo } from '../model/model.js';
import type { AdapterModule } from './adapter.js';
import { findTensor } from './find-tensor.js';
import type { LoadedAdapter } from './read-adapter.js';

/** What an adapter does to the tensors of a model. */
export interface AdapterFold {
  readonly pairs: ReadonlyMap<string, FoldedPair>;
  /** Tensors taken from the adapter's file as they are. */
  readonly replaced: ReadonlyMap<string, { readonly file: SafetensorsFile; readonly key: string }>;
}

/**
 * Works out how an adapter changes a model. Errors: `ADAPTER_DOES_NOT_FIT` (a module that the model lacks, or another shape),
 * `ADAPTER_NEEDS_CONVERSION` (made for a base that its initialisation changes, such as PiSSA's).
 */
export function prepareFold(adapter: LoadedAdapter, tensors: ReadonlyMap<string, TensorInfo>): AdapterFold {
  const init = adapter.settings.initLoraWeights;
  if (typeof init === 'string' && changesBase(init)) {
    throw incompatible(
      'ADAPTER_NEEDS_CONVERSION',
      `the adapter fits a base decomposed by ${JSON.stringify(init)}; convert it to plain LoRA first`,
    );
  }
  const pairs = new Map<string, FoldedPair>();
  for (const [module, pair] of adapter.modules) {
    const tensor = findTensor(`${module}.weight`, tensors);
    if (tensor === undefined) throw doesNotFit(module, 'the model has no such module');
    pairs.set(tensor.name, orient(module, pair, tensor, adapter.settings.fanInFanOut));
  }
  const replaced = new Map<string, { file: SafetensorsFile; key: string }>();
  for (const [name, saved] of adapter.savedTensors) {
    const tensor = findTensor(name, tensors);
    if (tensor !== undefined && tensor.shape.join() !== saved.shape.join()) {
      throw doesNotFit(
        name,
        `its shape is [${saved.shape.join(', ')}], the model's [${tensor.shape.join(', ')}]`,
      );
    }
    replaced.set(tensor?.name ?? name, { file: adapter.file, key: adapter.savedKeys.get(name) ?? name });
  }
  return { pairs, replaced };
}

/** PEFT's initialisations that subtract something from the base's weights. */
export const changesBase = (init: string): boolean => /^(pissa|olora|corda|lora_ga|loftq)/.test(init);

/** The pair as W's rows and columns need it: transposed for embeddings and for weights stored (in, out). */
function orient(module: string, pair: AdapterModule, tensor: TensorInfo, fanInFanOut: boolean): FoldedPair {
  const { a, b, rank, scaling: scale } = pair;
  const columns = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
  const rows = tensor.shape[0] ?? 1;
  if (tensor.shape.length < 2) throw doesNotFit(module, `${tensor.name} is not a matrix`);
  const transposed = pair.kind === 'embedding' || fanInFanOut;
  const [aElements, bElements] = transposed ? [rank * rows, columns * rank] : [rank * columns, rows * rank];
  if (a.length !== aElements || b.length !== bElements) {
    throw doesNotFit(
      module,
      `A is [${pair.aShape.join(', ')}] and B is [${pair.bShape.join(', ')}], ${tensor.name} is [${tensor.shape.join(', ')}]`,
    );
  }
  if (!transposed) return { rows, columns, rank, scale, a, b };
  return { rows, columns, rank, scale, a: transpose(b, columns, rank), b: transpose(a, rank, rows) };
}

function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) turned[j * rows + i] = data[i * columns + j] ?? 0;
  }
  return turned;
}

function doesNotFit(what: string, why: string): Error {
  return incompatible('ADAPTER_DOES_NOT_FIT', `adapter: ${JSON.stringify(what)}: ${why}`, {
    details: { module: what },
  });
}
