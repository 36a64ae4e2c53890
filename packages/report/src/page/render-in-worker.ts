import { Worker } from 'node:worker_threads';

import { internal } from '@eigenloom/errors';

import type { RenderAnswer } from './worker.js';

// By the name of the package, so that it is the compiled file whatever compiles this one on the fly.
const WORKER = '@eigenloom/report/dist/page/worker.js';

/** Draws the page of the report of a folder in a thread of its own. Errors: `REPORT_NOT_DRAWN`. */
export function renderInWorker(folder: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(require.resolve(WORKER), { workerData: folder });
    const fail = (cause: unknown): void => {
      reject(internal('REPORT_NOT_DRAWN', 'the page of the report could not be drawn', { cause }));
    };
    worker.once('message', ({ page }: RenderAnswer) => {
      resolve(page);
    });
    worker.once('error', fail);
    worker.once('exit', (code) => {
      fail(new Error(`the thread ended with ${code}`));
    });
  });
}
