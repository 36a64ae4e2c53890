import { jobs } from '@eigenloom/contracts';
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { JobFeed } from '../jobs/job-feed.js';
import { isTerminal, type JobRecord, operationName } from '../jobs/record.js';
import { instruments } from './instruments.js';
import { contextOf } from './trace-context.js';

const secondsSince = (time: string | undefined): number =>
  time === undefined ? 0 : Math.max(0, (Date.now() - Date.parse(time)) / 1000);

/** `running`, as labels spell it. */
const stateName = (state: jobs.JobState): string => state.replace('JOB_STATE_', '').toLowerCase();

/** Runs one attempt of a job in the trace that it was submitted in. */
export async function observeAttempt(
  record: JobRecord,
  attempt: () => Promise<JobRecord | undefined>,
): Promise<JobRecord | undefined> {
  const { kind, method, trace: fields, attempt: number } = record;
  if (number === 1) instruments().queueAge.record(secondsSince(record.createTime), { kind });
  const parent = contextOf(fields);
  const span = trace.getTracer('eigenloom').startSpan(
    `${kind} job`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'eigenloom.job': operationName(record.id),
        'eigenloom.kind': kind,
        'eigenloom.method': method,
        'eigenloom.attempt': number,
      },
    },
    parent,
  );
  try {
    const after = await context.with(trace.setSpan(parent, span), attempt);
    if (after?.state === jobs.JobState.FAILED) span.setStatus({ code: SpanStatusCode.ERROR });
    return after;
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Counts the end of a job. */
export function countEnd({ kind, method, state, startTime }: JobRecord): void {
  if (!isTerminal(state)) return;
  const labels = { kind, method, state: stateName(state) };
  instruments().jobsEnded.add(1, labels);
  if (startTime !== undefined) instruments().jobDuration.record(secondsSince(startTime), labels);
}

/** Shows the jobs that are not done, by kind and state. Returns what ends it. */
export function observeActive(feed: JobFeed): () => void {
  const gauge = metrics.getMeter('eigenloom').createObservableGauge('eigenloom.jobs.active', {
    description: 'Jobs that are not done, as this process sees them',
  });
  const observe: Parameters<typeof gauge.addCallback>[0] = (result) => {
    const counts = new Map<string, { labels: { kind: string; state: string }; count: number }>();
    for (const { record } of feed.active()) {
      const labels = { kind: record.kind, state: stateName(record.state) };
      const key = `${labels.kind} ${labels.state}`;
      counts.set(key, { labels, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    for (const { labels, count } of counts.values()) result.observe(count, labels);
  };
  gauge.addCallback(observe);
  return () => {
    gauge.removeCallback(observe);
  };
}
