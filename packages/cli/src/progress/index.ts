import { createBar } from './bar.js';
import { createLines } from './lines.js';
import type { ProgressView } from './view.js';

/** A bar with the remaining time on a terminal, plain lines elsewhere. */
export function createProgress(stream: NodeJS.WriteStream, title: string): ProgressView {
  return stream.isTTY ? createBar(stream, title) : createLines(stream, title);
}

export { snapshotOf, type Snapshot } from './snapshot.js';
export type { ProgressView } from './view.js';
