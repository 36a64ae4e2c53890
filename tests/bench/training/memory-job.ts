// A training job in a process of its own, for its memory. It reads one line of JSON on stdin and answers by one on stdout.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { setThreads } from '@eigenloom/numeric';
import { requestFromObject, startEmbedded } from '@eigenloom/runtime';
import { trainKind } from '@eigenloom/train-service';

import { peakMemory } from './peak-memory.js';

export interface JobRequest {
  readonly threads: number;
  /** Of a training run. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Folders that the request names. */
  readonly roots: readonly string[];
}

export interface JobAnswer {
  readonly estimateBytes: number;
  /** Largest resident set before the job. */
  readonly emptyBytes: number;
  /** Largest resident set. */
  readonly peakBytes: number;
  readonly seconds: number;
  readonly loss: number;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      const { threads, request, roots } = JSON.parse(line) as JobRequest;
      setThreads(threads);
      process.stdout.write(`${JSON.stringify(await answer(request, roots, folder))}\n`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function answer(
  body: JobRequest['request'],
  roots: readonly string[],
  folder: string,
): Promise<JobAnswer> {
  const all = [...roots.map((root) => resolve(root)), folder, dirname(folder)];
  const client = await startEmbedded({ kinds: [trainKind], dataFolder: join(folder, 'data'), roots: all });
  try {
    const outputUri = join(folder, 'out');
    const plain = requestFromObject('train', { ...body, output_uri: outputUri });
    const { estimate } = await client.submit('train', { ...plain, validateOnly: true });
    const emptyBytes = await peakMemory();
    const start = performance.now();
    const { error } = await client.wait((await client.submit('train', plain)).name);
    if (error !== undefined) throw error;
    const seconds = (performance.now() - start) / 1000;
    const report = JSON.parse(await readFile(join(outputUri, 'report.json'), 'utf8')) as {
      readonly charts: readonly { readonly series: readonly { readonly y: readonly number[] }[] }[];
    };
    return {
      estimateBytes: Number(estimate?.memoryBytes ?? NaN),
      ...{ emptyBytes, peakBytes: await peakMemory(), seconds },
      loss: report.charts[0]?.series[0]?.y.at(-1) ?? NaN,
    };
  } finally {
    await client.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
