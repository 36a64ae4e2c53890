/** The services that run jobs. `pipeline` is served by all of them. */
export const SERVICE_KINDS = ['init', 'train', 'merge', 'analysis'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** What can happen to a job, in the past tense. */
export type EventName = 'submitted' | 'started' | 'progressed' | 'completed' | 'failed' | 'cancelled';

/** CloudEvents `source` prefix; the job's name follows. */
export const EVENT_SOURCE = '/eigenloom';

/** Subject and CloudEvents type of an event, for example `eigenloom.merge.v1.completed`. */
export function eventSubject(kind: ServiceKind | 'pipeline', event: EventName): string {
  return `eigenloom.${kind}.v1.${event}`;
}
