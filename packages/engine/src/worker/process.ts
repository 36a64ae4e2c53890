import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crash } from './crash.js';
import { toRecord } from './error-record.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

// A process for one engine module. The module runs in a thread, as in the caller's process, so that messages reach it while it
// computes; this thread only passes them on.

function relay(start: WorkerStart & { readonly heapMb: number | undefined }): void {
  const { heapMb } = start;
  const worker = new Worker(join(__dirname, 'main.js'), {
    name: 'engine',
    workerData: start,
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  let unsent = 0;
  let ended = false;
  // A channel that is closed drops what it has not written.
  const leave = (): void => {
    if (ended && unsent === 0 && process.connected) process.disconnect();
  };
  const up = (message: FromWorker): void => {
    unsent += 1;
    process.send?.(message, undefined, undefined, () => {
      unsent -= 1;
      leave();
    });
  };
  worker.on('message', up);
  worker.on('error', (error) => {
    up({ type: 'failed', error: toRecord(crash(error)) });
  });
  worker.on('exit', (code) => {
    process.exitCode = code;
    ended = true;
    leave();
  });
  process.on('message', (message: ToWorker) => {
    worker.postMessage(message);
  });
}

process.once('message', relay);
// Nobody waits for the answer any more when the caller has gone.
process.on('disconnect', () => {
  process.exit();
});
