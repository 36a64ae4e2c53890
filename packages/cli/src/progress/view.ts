import type { Snapshot } from './snapshot.js';

/** Shows how far a job is. */
export interface ProgressView {
  update(snapshot: Snapshot): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}
