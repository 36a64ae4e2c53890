/** A value with the revision that wrote it. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Grows with every write to the store; no two writes share one. */
  readonly revision: number;
}

/** A write that a watch saw; without a value the key was deleted. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  readonly value?: Uint8Array;
}

/**
 * A small durable store with compare-and-set. Keys are tokens of letters, digits, `-` and `_` joined by `.`; a prefix is whole
 * tokens with the dot at its end. What a promise reported as written survives a crash. Throws DEPENDENCY_DOWN while unreachable.
 */
export interface KeyValueStore {
  get(key: string): Promise<Entry | undefined>;
  /** The new revision, or undefined when the key exists. */
  create(key: string, value: Uint8Array): Promise<number | undefined>;
  /** The new revision, or undefined when the key is no longer at `revision`. */
  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  /** Entries in order of key, after the key `after`. */
  list(prefix: string, page?: { after?: string; limit?: number }): Promise<Entry[]>;
  /**
   * First the current entries newer than `afterRevision` (default 0: all), then every change. A slow reader misses intermediate
   * values of a key, never its latest. Ends when the signal aborts or the store closes.
   */
  watch(prefix: string, options: { afterRevision?: number; signal: AbortSignal }): AsyncIterable<Change>;
  /**
   * Calls back when the store has lost all it held, and another one begins in its place: revisions start anew. No watch of the one
   * before gives anything afterwards. Returns what ends it.
   */
  onReset(listener: () => void): () => void;
  close(): Promise<void>;
}

const KEY = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Guards the implementations against keys that would be paths or patterns. */
export function assertKey(key: string): void {
  if (!KEY.test(key) || key.length > 200) throw new TypeError(`not a key: ${JSON.stringify(key)}`);
}
