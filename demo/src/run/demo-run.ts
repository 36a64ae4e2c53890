import { mkdir, realpath, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { analysisKind } from '@eigenloom/analysis-service';
import { notFound } from '@eigenloom/errors';
import { initKind } from '@eigenloom/init-service';
import { mergeKind } from '@eigenloom/merge-service';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import { trainKind } from '@eigenloom/train-service';
import { prepareData, type PreparedTask } from '../data/prepare.js';
import type { DemoOptions } from '../options.js';
import { analysedModels, trainingPipeline } from '../plan/training-pipeline.js';
import type { Results } from '../results.js';
import { artifactsOf } from './artifacts.js';
import { expectedSeconds } from './costs.js';
import { mergeTasks } from './merge-tasks.js';
import { readAnalysis } from './read-analysis.js';
import { runPipeline } from './run-pipeline.js';
import { scoreRuns, scoreSoups } from './score-runs.js';
import type { Terminal } from './terminal.js';

/** What a run writes under its output folder, and removes first: every run does everything again. */
export const FOLDERS = ['data', 'jobs', 'runs', 'encoders', 'merges'] as const;

/** Runs the demo and returns everything that the report says. */
export async function runDemo(given: DemoOptions, terminal: Terminal, signal: AbortSignal): Promise<Results> {
  const options = { ...given, model: await modelFolder(given.model) };
  const { out } = options;
  for (const folder of FOLDERS) await rm(join(out, folder), { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const clock = new Stopwatch();
  const startedAt = new Date().toISOString();
  const tasks = await clock.time('data', () => prepareData(join(out, 'data'), options.data));
  for (const task of tasks) terminal.line(describe(task));
  const client = await startEmbedded({
    kinds: [initKind, trainKind, mergeKind, analysisKind],
    dataFolder: join(out, 'jobs'),
    roots: [await realpath(out), options.model],
  });
  try {
    const work = await runAll(client, tasks, options, clock, terminal, signal);
    return {
      startedAt,
      machine: { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version },
      options,
      seconds: clock.seconds,
      tasks: tasks.map(withoutExamples),
      ...work,
    };
  } finally {
    await client.close();
    await rm(join(out, 'jobs'), { recursive: true, force: true });
  }
}

async function runAll(
  client: JobsClient,
  tasks: readonly PreparedTask[],
  options: DemoOptions,
  clock: Stopwatch,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Omit<Results, 'startedAt' | 'machine' | 'options' | 'seconds' | 'tasks'>> {
  const request = trainingPipeline(tasks, options);
  const steps = await clock.time('pipeline', () =>
    runPipeline(client, request, 'pipeline', expectedSeconds(options), terminal),
  );
  const context = { steps, tasks, options, terminal, signal };
  const runs = await clock.time('evaluation', () => scoreRuns(context));
  const soups = await clock.time('evaluation', () => scoreSoups(context));
  const merged = await clock.time('task merges', () => mergeTasks(client, runs, context));
  const home = join(options.out, 'runs');
  const readings = await Promise.all(analysedModels(tasks, options).map((id) => readAnalysis(home, id)));
  return { runs, soups, ...merged, readings, artifacts: await artifactsOf(options.out) };
}

async function modelFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw notFound('MODEL_MISSING', `no model at ${path}: run \`npm run setup demo\``, { cause });
  }
}

function withoutExamples(task: PreparedTask): Results['tasks'][number] {
  const { name, title, source, measures, labels, files, splits, removed, majorityBaseline } = task;
  return { name, title, source, measures, labels, files, splits, removed, majorityBaseline };
}

function describe({ title, splits, removed, majorityBaseline }: PreparedTask): string {
  const parts = Object.entries(splits).map(([name, { examples, groups, classes }]) => {
    const balance = Object.entries(classes).map(([label, count]) => `${count} ${label}`);
    return `${name} ${examples} in ${groups} groups (${balance.join(', ')})`;
  });
  const left = Object.entries(removed).map(([why, count]) => `${count} ${why}`);
  return `${title}: ${parts.join('; ')}; left out ${left.join(', ')}; majority baseline ${majorityBaseline.toFixed(3)}`;
}

/** Seconds by part; a part timed twice is the sum. */
class Stopwatch {
  readonly seconds: Record<string, number> = {};

  async time<T>(part: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.seconds[part] = (this.seconds[part] ?? 0) + (performance.now() - start) / 1000;
    return result;
  }
}
