/** What a network is made from: the part of a checkpoint's `Model` that is needed here. */
export interface ModelSource {
  /** Parsed `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** Values in row-major order. */
  read(name: string, precision: 'f32', options?: { signal?: AbortSignal }): Promise<Float32Array>;
}
