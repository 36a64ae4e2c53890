import { Presets, SingleBar } from 'cli-progress';
import type { Snapshot } from './snapshot.js';
import { describe } from './text.js';
import type { ProgressView } from './view.js';

const BAR_WIDTH = 24;
/** Some terminals report a width of 0. */
const DEFAULT_COLUMNS = 80;

interface Payload {
  readonly snapshot?: Snapshot;
}

/** The line that the bar draws, cut to the width of the terminal so that it never wraps. */
export function barLine(title: string, snapshot: Snapshot | undefined, columns: number): string {
  const share = Math.min(1, Math.max(0, (snapshot?.percent ?? 0) / 100));
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const percent = snapshot?.percent === undefined ? '   ' : `${Math.floor(snapshot.percent)} %`;
  const line = `${title} ${bar} ${percent.padStart(5)}  ${snapshot === undefined ? '' : describe(snapshot)}`;
  return line.length > columns - 1 ? `${line.slice(0, columns - 2)}…` : line;
}

/** Progress as one line that is drawn again and again, for terminals. */
export function createBar(stream: NodeJS.WriteStream, title: string): ProgressView {
  const bar = new SingleBar(
    {
      stream,
      hideCursor: true,
      clearOnComplete: true,
      // Restoring the cursor on a signal is done here, by stop(): the command outlives its first Ctrl-C.
      gracefulExit: false,
      format: (_options: unknown, _parameters: unknown, payload: Payload) =>
        barLine(title, payload.snapshot, stream.columns || DEFAULT_COLUMNS),
    },
    Presets.shades_classic,
  );
  bar.start(100, 0, {});
  return {
    update(snapshot) {
      bar.update(snapshot.percent ?? 0, { snapshot });
    },
    stop() {
      bar.stop();
    },
  };
}
