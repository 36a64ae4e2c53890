import { jobs, type pipeline } from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';
import type { JobsClient, JobView, KindName, ResponseOf } from '@eigenloom/runtime';
import { setTimeout as delay } from 'node:timers/promises';
import type { Terminal } from './terminal.js';

/** A finished step. */
export interface StepOutcome {
  readonly view: JobView;
  readonly seconds: number;
}

/** Expected seconds of a step, for the remaining time; only their ratios matter once steps have finished. */
export type StepCost = (id: string) => number;

const POLL_MS = 500;

/**
 * Runs a pipeline as any client would and returns its steps by id. Throws the error of the step that failed.
 */
export async function runPipeline(
  client: JobsClient,
  request: pipeline.RunPipelineRequest,
  part: string,
  cost: StepCost,
  terminal: Terminal,
): Promise<ReadonlyMap<string, StepOutcome>> {
  const { name } = await client.submit('pipeline', request);
  const started = performance.now();
  const ids = request.steps.map(({ id }) => id);
  const finished = new Set<string>();
  const stop = (): void => void client.cancel(name);
  process.once('SIGINT', stop);
  try {
    for (let done = false; !done;) {
      await delay(POLL_MS);
      const { done: ended, error } = await client.get(name);
      await show(client, name, { ids, finished, started, part, cost, terminal });
      if (error !== undefined) throw error;
      done = ended;
    }
  } finally {
    process.off('SIGINT', stop);
  }
  const outcomes = await Promise.all(
    ids.map(async (id): Promise<[string, StepOutcome]> => [id, outcomeOf(await client.get(`${name}-${id}`))]),
  );
  return new Map(outcomes);
}

interface Watch {
  readonly ids: readonly string[];
  readonly finished: Set<string>;
  readonly started: number;
  readonly part: string;
  readonly cost: StepCost;
  readonly terminal: Terminal;
}

async function show(client: JobsClient, name: string, watch: Watch): Promise<void> {
  const { ids, finished, started, part, cost, terminal } = watch;
  let done = 0;
  let current = '';
  for (const id of ids) {
    if (finished.has(id)) {
      done += cost(id);
      continue;
    }
    const view = await client.get(`${name}-${id}`);
    const { state, progress } = view.metadata;
    if (view.done) {
      finished.add(id);
      done += cost(id);
      terminal.line(`${part}: ${id} ${view.error === undefined ? summary(view) : view.error.message}`);
    } else if (state === jobs.JobState.RUNNING) {
      done += (cost(id) * (progress?.percent ?? 0)) / 100;
      if (current === '') current = `${id} ${progress?.phase ?? ''}`;
    }
  }
  const total = ids.reduce((sum, id) => sum + cost(id), 0);
  const elapsed = (performance.now() - started) / 1000;
  const fraction = done / total;
  const remaining = fraction > 0.02 ? (elapsed * (1 - fraction)) / fraction : undefined;
  if (finished.size < ids.length) terminal.progress(part, fraction, current, remaining);
}

const secondsOf = ({ metadata: { startTime, endTime } }: JobView): number =>
  startTime === undefined || endTime === undefined ? NaN : (endTime.getTime() - startTime.getTime()) / 1000;

const outcomeOf = (view: JobView): StepOutcome => ({ view, seconds: secondsOf(view) });

function summary(view: JobView): string {
  const seconds = `${secondsOf(view).toFixed(1)} s`;
  const { result } = view;
  if (result?.kind !== 'train') return seconds;
  const { last_loss: loss, validation_accuracy: accuracy } = result.response.metrics;
  return `${seconds}, loss ${loss?.toFixed(3) ?? '?'}, validation accuracy ${accuracy?.toFixed(3) ?? '?'}`;
}

/** The response of a step, of the kind that it must be. */
export function responseOf<K extends KindName>(
  steps: ReadonlyMap<string, StepOutcome>,
  id: string,
  kind: K,
): ResponseOf[K] {
  const result = steps.get(id)?.view.result;
  if (result?.kind !== kind) throw internal('STEP_MISSING', `no ${kind} step ${id}`);
  return result.response as ResponseOf[K];
}
