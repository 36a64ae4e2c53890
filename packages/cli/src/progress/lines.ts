import { describe } from './text.js';
import type { ProgressView } from './view.js';

/** A line at most this often, unless the phase or the state changes. */
const INTERVAL_MS = 10_000;

/** Progress as plain lines, for logs and pipes. */
export function createLines(
  stream: NodeJS.WritableStream,
  title: string,
  now: () => number = Date.now,
): ProgressView {
  let last = '';
  let lastTime = -Infinity;
  return {
    update(snapshot) {
      const key = `${snapshot.state} ${snapshot.phase} ${snapshot.attempt}`;
      if (key === last && now() - lastTime < INTERVAL_MS) return;
      last = key;
      lastTime = now();
      const percent = snapshot.percent === undefined ? '' : `${Math.floor(snapshot.percent)} % `;
      stream.write(`${title}: ${percent}${describe(snapshot)}\n`);
    },
    stop() {
      // Lines need no end.
    },
  };
}
