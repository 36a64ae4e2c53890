import { mkdtemp, mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ArtifactCache } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import type { JobContext, Lineage } from '@eigenloom/runtime';
import pino from 'pino';

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'merge-'));

const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden');
/** Path of a file of tests/golden/mergekit. */
export const golden = (path: string): string => join(GOLDEN, 'mergekit', path);
/** Path of a file of tests/golden/peft. */
export const peftGolden = (path: string): string => join(GOLDEN, 'peft', path);
/** Path of a file of tests/golden/adapters. */
export const adapterGolden = (path: string): string => join(GOLDEN, 'adapters', path);
/** Path of a file of tests/golden/extraction. */
export const extractionGolden = (path: string): string => join(GOLDEN, 'extraction', path);
/** Path of a file of tests/golden/mixture. */
export const mixtureGolden = (path: string): string => join(GOLDEN, 'mixture', path);
/** Path of a file of tests/golden/poly. */
export const polyGolden = (path: string): string => join(GOLDEN, 'poly', path);

/** Path of a checkpoint of tests/golden/models. */
export const modelsGolden = (path: string): string => join(GOLDEN, 'models', path);
/** Path of a file of tests/golden/statistics. */
export const statisticsGolden = (path: string): string => join(GOLDEN, 'statistics', path);

let scratches = 0;

/** A job that writes where its request says and keeps the lineage. */
export function contextIn(
  folder: string,
  signal: AbortSignal = new AbortController().signal,
): JobContext & { lineage?: Lineage } {
  const cache = new ArtifactCache(folder);
  const context: JobContext & { lineage?: Lineage } = {
    name: 'operations/test',
    log: pino({ level: 'silent' }),
    scratch: join(folder, 'scratch', String((scratches += 1))),
    attempt: 1,
    signal,
    resolve: (uri) => Promise.resolve(uri),
    progress: () => undefined,
    fence: () => Promise.resolve(),
    cached: (key, write) => cache.folderOf({ key, scratch: join(folder, 'scratch'), write, signal }),
    commit: async (_part, target, lineage, write) => {
      const staging = `${target}.staging`;
      await mkdir(staging);
      try {
        await write(staging);
        context.lineage = typeof lineage === 'function' ? lineage() : lineage;
        await rename(staging, target);
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
      return { uri: target, digest: '', files: [], fileCount: 0 };
    },
  };
  return context;
}

export type CountingContext = JobContext & { computed: number };

/** A job that counts what it computes instead of finding it in the cache. */
export function countingIn(folder: string): CountingContext {
  const plain = contextIn(folder);
  const context = {
    ...plain,
    computed: 0,
    cached: (key: object, write: (staging: string) => Promise<void>) =>
      plain.cached({ ...key }, (staging) => {
        context.computed += 1;
        return write(staging);
      }),
  };
  return context;
}

/** A request from the fields that matter. */
export const requestOf = (fields: Partial<merge.MergeRequest>): merge.MergeRequest => ({
  ...merge.MergeRequest.fromJSON({}),
  ...fields,
});

export const model = (
  uri: string,
  weight?: number,
  density?: number,
  adapters: string[] = [],
): merge.MergeInput => ({ ...merge.MergeInput.fromJSON({}), model: { uri, adapters }, weight, density });

/** A model with parameters of its own. */
export const modelWith = (uri: string, parameters: Partial<merge.MergeInput>): merge.MergeInput => ({
  ...model(uri),
  ...parameters,
});
