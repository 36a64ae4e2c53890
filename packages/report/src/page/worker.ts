import { parentPort, workerData } from 'node:worker_threads';

import { readReport } from '../read-report.js';
import { renderPage } from './render-page.js';

export interface RenderAnswer {
  readonly page: Uint8Array<ArrayBuffer>;
}

async function run(): Promise<void> {
  const page = new TextEncoder().encode(renderPage(await readReport(String(workerData))));
  parentPort?.postMessage({ page } satisfies RenderAnswer, [page.buffer]);
}

void run();
