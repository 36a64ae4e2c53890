import type { Model } from '@eigenloom/checkpoint';
import { limitExceeded } from '@eigenloom/errors';
import type { ModelSource } from '@eigenloom/models';

import type { SearchTensor } from './search-input.js';

/** Values in f32, or exactly as they are stored in bfloat16. */
type Stored = Float32Array | Uint16Array;

/** A tensor of all models, in memory. */
export interface CachedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of the base, or of the first model where there is none. Shared with the network: not to be written. */
  readonly reference: Float32Array;
  /** In order of the models; undefined where a model has the reference's values. */
  readonly models: readonly (Stored | undefined)[];
}

/** What a search keeps of an element beside the models: its merged value and its gradient. */
const WORKING_BYTES = 2 * Float32Array.BYTES_PER_ELEMENT;

export interface CacheOptions {
  readonly memoryBytes: number;
  /** For each element that is worked with. */
  readonly workingBytes?: number | undefined;
  /** Every element is worked with, not only those of tensors that a model changed. */
  readonly everywhere?: boolean;
  readonly signal: AbortSignal;
}

/**
 * The tensors of models in memory. What equals the reference is kept once, so models that were fine-tuned by adapters take little more
 * than one model; bfloat16 stays so. Errors: LIMIT_EXCEEDED/SEARCH_TOO_LARGE, naming the bytes that are enough.
 */
export class ModelCache {
  private constructor(
    readonly tensors: readonly CachedTensor[],
    private readonly config: Model['config'],
  ) {}

  static async load(
    wanted: readonly SearchTensor[],
    reference: Model,
    models: readonly Model[],
    { memoryBytes, workingBytes = WORKING_BYTES, everywhere = false, signal }: CacheOptions,
  ): Promise<ModelCache> {
    const tensors: CachedTensor[] = [];
    let bytes = 0;
    for (const { name, shape, reference: own, models: names } of wanted) {
      const values = await reference.read(own, 'f32', { signal });
      const found: (Stored | undefined)[] = [];
      for (const [index, model] of models.entries()) {
        const stored = await readStored(model, names[index] ?? name, signal);
        found.push(equals(stored, values) ? undefined : stored);
      }
      const worked = everywhere || found.some((stored) => stored !== undefined);
      bytes += values.byteLength + (worked ? workingBytes * values.length : 0);
      bytes += found.reduce((sum, stored) => sum + (stored?.byteLength ?? 0), 0);
      if (bytes > memoryBytes) {
        throw tooLarge(enoughBytes(wanted, models.length, workingBytes), memoryBytes);
      }
      tensors.push({ name, shape, reference: values, models: found });
    }
    return new ModelCache(tensors, reference.config);
  }

  /** The reference as something that a network can be loaded from. */
  get source(): ModelSource {
    const byName = new Map(this.tensors.map((tensor) => [tensor.name, tensor]));
    return {
      config: this.config,
      tensors: byName,
      read: (name) => Promise.resolve(byName.get(name)?.reference ?? new Float32Array()),
    };
  }
}

/** What models take that share no tensor. */
export function enoughBytes(
  wanted: readonly Pick<SearchTensor, 'shape'>[],
  models: number,
  workingBytes = WORKING_BYTES,
): number {
  const sizes = wanted.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const elements = sizes.reduce((sum, size) => sum + size, 0);
  return elements * (Float32Array.BYTES_PER_ELEMENT * (1 + models) + workingBytes);
}

const tooLarge = (enough: number, memoryBytes: number): Error =>
  limitExceeded(
    'SEARCH_TOO_LARGE',
    `the models do not fit into memory_bytes = ${memoryBytes}; ${enough} are enough`,
    { retryable: false },
  );

async function readStored(model: Model, name: string, signal: AbortSignal): Promise<Stored> {
  const raw = model.tensors.get(name)?.dtype === 'BF16' ? await model.readRaw(name, { signal }) : undefined;
  if (raw === undefined) return model.read(name, 'f32', { signal });
  return new Uint16Array(Uint8Array.from(raw).buffer);
}

// Not instanceof: arrays of the numeric core may come from another realm.
const isWide = (stored: Stored): stored is Float32Array =>
  stored.BYTES_PER_ELEMENT === Float32Array.BYTES_PER_ELEMENT;

/** Values in f32; `scratch` is overwritten where they are stored otherwise. */
export function widen(stored: Stored, scratch: Float32Array): Float32Array {
  if (isWide(stored)) return stored;
  const bits = new Uint32Array(scratch.buffer, scratch.byteOffset, stored.length);
  for (let i = 0; i < stored.length; i += 1) bits[i] = (stored[i] ?? 0) << 16;
  return scratch.subarray(0, stored.length);
}

function equals(stored: Stored, reference: Float32Array): boolean {
  if (stored.length !== reference.length) return false;
  const values = widen(stored, isWide(stored) ? stored : new Float32Array(stored.length));
  for (let i = 0; i < values.length; i += 1) if (values[i] !== reference[i]) return false;
  return true;
}
