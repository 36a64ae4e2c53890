import { incompatible } from '@eigenloom/errors';

import type { FoldedPair, TensorInfo } from '../model/model.js';
import type { ModelConfig } from '../model/model-config.js';
import { mayBeTransposed, storesTransposed } from '../module-kind.js';
import { type AdapterModule, CONFIG_FILE, type PeftSettings } from './adapter.js';

/** A pair with what decides how it lies on its weight. */
export interface PairPlace {
  /** Path of the module in the model. */
  readonly path: string;
  readonly tensor: TensorInfo;
  readonly config: ModelConfig;
  readonly settings: Pick<PeftSettings, 'fanInFanOut' | 'raw'>;
}

/** The pair as W's rows and columns need it: transposed for embeddings and for weights stored (in, out). Errors: `ADAPTER_DOES_NOT_FIT`. */
export function orientPair(module: string, pair: AdapterModule, place: PairPlace): FoldedPair {
  const { tensor } = place;
  const { a, b, rank, scaling: scale } = pair;
  const columns = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
  const rows = tensor.shape[0] ?? 1;
  if (tensor.shape.length < 2) throw doesNotFit(module, `${tensor.name} is not a matrix`);
  const plain = a.length === rank * columns && b.length === rows * rank;
  const turned = a.length === rank * rows && b.length === columns * rank;
  const transposed =
    pair.kind === 'embedding' ||
    (tensor.shape.length === 2 && isStoredTransposed(module, place, { plain, turned }));
  if (!(transposed ? turned : plain)) {
    throw doesNotFit(
      module,
      `A is [${pair.aShape.join(', ')}] and B is [${pair.bShape.join(', ')}], ${tensor.name} is [${tensor.shape.join(', ')}]; ` +
        'the adapter was made for another model, or for one with another vocabulary',
    );
  }
  if (!transposed) return { rows, columns, rank, scale, a, b };
  return { rows, columns, rank, scale, a: transpose(b, columns, rank), b: transpose(a, rank, rows) };
}

/** Which ways round the tensors of an adapter fit a weight. */
export interface Fits {
  readonly plain: boolean;
  readonly turned: boolean;
}

/**
 * Whether a linear module's weight is stored (in, out). The architecture decides, as in PEFT, which puts `fan_in_fan_out` right by the kind of the
 * module. Where it is not known, the config's word counts as long as the shapes allow it; without a word a square weight of a module that may
 * be either is refused. Errors: `ADAPTER_DOES_NOT_FIT`.
 */
export function isStoredTransposed(
  module: string,
  { path, tensor, config, settings }: PairPlace,
  { plain, turned }: Fits,
): boolean {
  const known = storesTransposed(config, path);
  if (known !== undefined) return known;
  if (plain !== turned) return turned;
  const said = settings.raw['fan_in_fan_out'];
  if (typeof said === 'boolean' || !plain || !mayBeTransposed(path)) return settings.fanInFanOut;
  throw doesNotFit(
    module,
    `${tensor.name} is square, and nothing says whether it is stored (in, out): give model_type or architectures in the model's ` +
      `config.json, or fan_in_fan_out in ${CONFIG_FILE}`,
  );
}

/** A matrix of rows × columns as columns × rows. */
export function transpose<A extends Float32Array | Float64Array>(data: A, rows: number, columns: number): A {
  const turned = data.slice() as A;
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) turned[j * rows + i] = data[i * columns + j] ?? 0;
  }
  return turned;
}

export function doesNotFit(what: string, why: string): Error {
  return incompatible('ADAPTER_DOES_NOT_FIT', `${JSON.stringify(what)}: ${why}`, {
    details: { module: what },
  });
}
