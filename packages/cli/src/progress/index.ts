import { createBar } from './bar.js';
import { createLines } from './lines.js';
import type { Snapshot } from './snapshot.js';

/** Shows how far a job is. */
export interface ProgressView {
  update(snapshot: Snapshot): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}

/** A bar with the remaining time on a terminal, plain lines elsewhere. */
export function createProgress(stream: NodeJS.WriteStream, title: string): ProgressView {
  return stream.isTTY ? createBar(stream, title) : createLines(stream, title);
}

export { snapshotOf, type Snapshot } from './snapshot.js';
