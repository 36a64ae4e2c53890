import { jobs, type EventName } from '@eigenloom/contracts';
import type { Bus } from '../bus/bus.js';
import { jobEvent } from '../bus/cloud-event.js';
import type { JobRecord, StoredJob } from './record.js';

/** Tells the workers that a job is queued. The id makes the bus drop repetitions; a lost hint is repeated by the sweep. */
export async function publishHint(bus: Bus, { record, revision }: StoredJob): Promise<void> {
  const event = jobEvent(record.kind, 'submitted', record.id, record.trace);
  await bus.publish({ ...event, id: `${record.id}@${String(revision)}` });
}

const END_EVENTS: Partial<Record<jobs.JobState, EventName>> = {
  [jobs.JobState.SUCCEEDED]: 'completed',
  [jobs.JobState.FAILED]: 'failed',
  [jobs.JobState.CANCELLED]: 'cancelled',
};

/** Announces how a job ended. */
export async function publishEnd(bus: Bus, record: JobRecord): Promise<void> {
  const name = END_EVENTS[record.state];
  if (name === undefined) return;
  const event = jobEvent(record.kind, name, record.id, record.trace);
  await bus.publish({ ...event, id: `${record.id}@${name}` });
}
