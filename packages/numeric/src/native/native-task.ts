/** The handle of one long call on the other side of the bridge. */
export interface NativeTask {
  cancel(): void;
  /** 0 to 1. */
  fraction(): number;
}

export interface NativeCalls {
  readonly NativeTask: new () => NativeTask;
  threads(): number;
  setThreads(count: number): void;
}
