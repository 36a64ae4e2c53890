import { jobs } from '@eigenloom/contracts';

/** What a person wants to know of a running job. */
export interface Snapshot {
  readonly state: 'waiting' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** 0 to 100, when it is known. */
  readonly percent?: number;
  readonly phase: string;
  readonly remainingSeconds?: number;
  readonly metrics: readonly (readonly [name: string, value: number])[];
  readonly attempt: number;
}

const STATES: { readonly [S in jobs.JobState]?: Snapshot['state'] } = {
  [jobs.JobState.WAITING]: 'waiting',
  [jobs.JobState.RUNNING]: 'running',
  [jobs.JobState.SUCCEEDED]: 'succeeded',
  [jobs.JobState.FAILED]: 'failed',
  [jobs.JobState.CANCELLED]: 'cancelled',
};

export function snapshotOf(metadata: jobs.JobMetadata): Snapshot {
  const { progress } = metadata;
  const remaining = progress?.remaining;
  return {
    state: STATES[metadata.state] ?? 'queued',
    phase: progress?.phase ?? '',
    metrics: Object.entries(progress?.metrics ?? {}),
    attempt: metadata.attempt,
    ...(progress?.percent === undefined ? {} : { percent: progress.percent }),
    ...(remaining === undefined
      ? {}
      : { remainingSeconds: Number(remaining.seconds) + remaining.nanos / 1e9 }),
  };
}
