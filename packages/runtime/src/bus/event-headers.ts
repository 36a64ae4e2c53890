import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { CloudEvent } from './cloud-event.js';

/** CloudEvents binary mode for NATS: attributes are headers with `ce-` before their name; trace context has its own. */
export function toHeaders(event: CloudEvent): MsgHdrs {
  const result = headers();
  result.set('ce-specversion', '1.0');
  for (const name of ['id', 'source', 'type', 'subject', 'time'] as const) {
    result.set(`ce-${name}`, event[name]);
  }
  for (const name of ['traceparent', 'tracestate'] as const) {
    const value = event[name];
    if (value !== undefined) result.set(name, value);
  }
  return result;
}

/** The event of a message, or undefined when it is none. */
export function fromHeaders(found: MsgHdrs | undefined): CloudEvent | undefined {
  if (found?.get('ce-specversion') !== '1.0') return undefined;
  const read = (name: string): string => found.get(name);
  const traceparent = read('traceparent');
  const tracestate = read('tracestate');
  return {
    id: read('ce-id'),
    source: read('ce-source'),
    type: read('ce-type'),
    subject: read('ce-subject'),
    time: read('ce-time'),
    ...(traceparent === '' ? {} : { traceparent }),
    ...(tracestate === '' ? {} : { tracestate }),
  };
}
