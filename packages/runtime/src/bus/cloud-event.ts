import { type EventName, EVENT_SOURCE, eventSubject } from '@eigenloom/contracts';
import { randomUUID } from 'node:crypto';
import type { KindName } from '../jobs/contract-of.js';

/** A CloudEvents 1.0 event without data: it points at a job, whose record is the truth. */
export interface CloudEvent {
  /** Unique; the bus drops a second event with the same id. */
  readonly id: string;
  readonly source: string;
  /** Also the bus subject: `eigenloom.merge.v1.completed`. */
  readonly type: string;
  /** Id of the job. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  /** W3C trace context of who caused it. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** The trace context that an event carries. */
export type TraceFields = Pick<CloudEvent, 'traceparent' | 'tracestate'>;

/** What happened to a job just now. */
export function jobEvent(
  kind: KindName,
  name: EventName,
  jobId: string,
  trace: TraceFields = {},
): CloudEvent {
  return {
    id: randomUUID(),
    source: `${EVENT_SOURCE}/${kind}`,
    type: eventSubject(kind, name),
    subject: jobId,
    time: new Date().toISOString(),
    ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
    ...(trace.tracestate === undefined ? {} : { tracestate: trace.tracestate }),
  };
}
