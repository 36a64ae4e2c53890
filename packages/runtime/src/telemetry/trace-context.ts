import { type Context, context, propagation } from '@opentelemetry/api';
import type { TraceFields } from '../bus/cloud-event.js';

/** The W3C trace context of what runs now, to be kept with a job or an event. */
export function currentTrace(): TraceFields {
  const carrier: { traceparent?: string; tracestate?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The context that a stored trace goes on in. */
export function contextOf(trace: TraceFields): Context {
  return propagation.extract(context.active(), trace);
}
