import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';

const BUFFER_BYTES = 16 * 2 ** 20;

export interface SequentialIo {
  readonly seconds: number;
  /** Until the output is on the disk, as an artifact is. */
  readonly syncedSeconds: number;
}

/** What no merge can undercut: every input read once and one output of a model's size written, both in order, one after the other. */
export async function sequentialIo(inputs: readonly string[], output: string): Promise<SequentialIo> {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const options = { highWaterMark: BUFFER_BYTES };
  for (const [index, path] of inputs.entries()) {
    await pipeline(
      createReadStream(path, options),
      index === 0 ? createWriteStream(output, options) : sink(),
    );
  }
  const seconds = elapsed();
  const file = await open(output, 'r+');
  await file.sync();
  await file.close();
  const syncedSeconds = elapsed();
  await rm(output);
  return { seconds, syncedSeconds };
}

const sink = (): Writable =>
  new Writable({
    write: (_part, _encoding, done) => {
      done();
    },
  });
