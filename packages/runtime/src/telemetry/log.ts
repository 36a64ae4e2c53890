import { trace } from '@opentelemetry/api';
import { type Logger, pino, stdTimeFunctions } from 'pino';

/** JSON lines on standard output, each with the trace that it belongs to. */
export function createLog(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const span = trace.getActiveSpan()?.spanContext();
      return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
    },
  });
}
