import { toAppError } from '@eigenloom/errors';
import { type Metadata, status } from '@grpc/grpc-js';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { GRPC_CODE } from '../errors/grpc-codes.js';
import { instruments } from '../telemetry/instruments.js';

/** Names of the statuses by their number. */
const STATUS_NAMES = new Map(
  Object.entries(status).flatMap(([name, code]) => (typeof code === 'number' ? [[code, name]] : [])),
) as ReadonlyMap<number, string>;

const getter = {
  keys: (metadata: Metadata) => Object.keys(metadata.getMap()),
  get: (metadata: Metadata, key: string) => metadata.get(key).map(String),
};

/** Runs a handler in the caller's trace and measures it. `method` is `eigenloom.merge.v1.MergeService/Merge`. */
export async function observeCall<T>(
  method: string,
  metadata: Metadata,
  log: Logger,
  handler: () => Promise<T>,
): Promise<T> {
  const parent = propagation.extract(context.active(), metadata, getter);
  const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': method };
  const span = trace.getTracer('eigenloom').startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
  const started = performance.now();
  let code = status.OK;
  try {
    return await context.with(trace.setSpan(parent, span), handler);
  } catch (thrown) {
    const error = toAppError(thrown);
    code = GRPC_CODE[error.kind];
    if (code === status.INTERNAL) log.error({ err: error.cause ?? error, method }, 'a call failed');
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.reason });
    throw error;
  } finally {
    const response = { 'rpc.response.status_code': STATUS_NAMES.get(code) ?? String(code) };
    span.setAttributes(response).end();
    instruments().serverCall.record((performance.now() - started) / 1000, { ...attributes, ...response });
  }
}
