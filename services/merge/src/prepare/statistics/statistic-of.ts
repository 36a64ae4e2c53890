import { join } from 'node:path';

import { carriedFile } from '@eigenloom/checkpoint';
import { runOnEngine } from '@eigenloom/engine';
import { sha256File } from '@eigenloom/numeric';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { pathsOf } from '../../plan/model-paths.js';
import type { PlannedInput } from '../../plan/planned.js';
import { type StatisticKind, type StatisticTask, type Texts, VERSIONS } from './statistic.js';
import { StoredStatistic } from './stored-statistic.js';

const WORKER = join(__dirname, 'statistics-worker.js');
const FILE = 'statistic.safetensors';

/** A statistic that a merge needs. */
export interface StatisticWanted {
  readonly input: PlannedInput;
  /** Role of the texts in the lineage: `data/0`. */
  readonly textsRole: string;
  readonly texts: Texts;
  readonly tokenizerFolder: string;
  readonly statistic: StatisticKind;
}

/**
 * Computes a statistic in a worker, or finds it: it is kept by the content of the model and of the texts, so other merges, jobs and
 * methods have it for nothing.
 */
export async function statisticOf(
  wanted: StatisticWanted,
  lineage: Lineage,
  context: JobContext,
  onProgress: (fraction: number) => void,
): Promise<StoredStatistic> {
  const { input, texts, tokenizerFolder, statistic } = wanted;
  const folder = await context.cached(await keyOf(wanted, lineage, context.signal), async (staging) => {
    const task: StatisticTask = {
      model: pathsOf(input),
      tokenizerFolder,
      texts,
      statistic,
      output: join(staging, FILE),
    };
    await runOnEngine<StatisticTask, number>(WORKER, task, {
      signal: context.signal,
      onProgress: ({ fraction = 0, ...update }) => {
        context.progress(update);
        onProgress(fraction);
      },
    });
  });
  return StoredStatistic.open(join(folder, FILE), context.signal);
}

/** Everything that the numbers depend on, by content. */
async function keyOf(
  { input, textsRole, texts, tokenizerFolder, statistic }: StatisticWanted,
  lineage: Lineage,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { textField, limit, maxLength } = texts;
  return {
    statistic: { ...statistic, ...('seed' in statistic ? { seed: String(statistic.seed) } : {}) },
    version: VERSIONS[statistic.kind],
    model: digestsUnder(`${input.role ?? ''}/`, lineage),
    config: input.model.config,
    // Left out where it is false, so that what was computed before is found.
    ...(input.model.untied ? { untied: true } : {}),
    tokenizer: await tokenizerDigests(tokenizerFolder, signal),
    texts: Object.values(digestsUnder(`${textsRole}/`, lineage)),
    reading: { textField, limit, maxLength },
  };
}

const digestsUnder = (prefix: string, { inputs }: Lineage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([key, digest]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), digest] as const] : [],
    ),
  );

async function tokenizerDigests(folder: string, signal: AbortSignal): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const path = await carriedFile(folder, name).catch(() => undefined);
    if (path !== undefined) digests[name] = await sha256File(path, { signal });
  }
  return digests;
}
