/** A progress report of a worker; the same fields as the runtime's. */
export interface EngineProgress {
  /** 0 to 1. */
  readonly fraction?: number;
  readonly phase?: string;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a worker module's default export is given beside its input. */
export interface EngineContext {
  /** Aborts when the caller does. Messages arrive only between turns of the event loop, or when `report` looks for them. */
  readonly signal: AbortSignal;
  /** Sends progress, and looks for a cancellation, so that a loop without awaits sees `signal` change. */
  readonly report: (update: EngineProgress) => void;
  /** Runs a function of the caller's `calls` in the caller's thread, for example a fence before a checkpoint. */
  readonly call: (name: string, argument?: unknown) => Promise<unknown>;
  /** Moves these buffers of the output to the caller instead of copying them. Arrays on them are dead afterwards. */
  readonly transfer: (...buffers: ArrayBuffer[]) => void;
}

/** The default export of a worker module. Input and output are structured clones: plain data, typed arrays, no classes. */
export type EngineModule<Input, Output> = (input: Input, context: EngineContext) => Promise<Output>;
