import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { toServiceError } from '../errors/service-error.js';
import { type CallContext, openCall } from './call-context.js';
import { observeCall } from './observe-call.js';

/** How a call is bounded and seen. */
export interface CallOptions {
  /** `eigenloom.merge.v1.MergeService/Merge`. */
  readonly method: string;
  readonly log: Logger;
  /** No call lasts longer, whatever its deadline. */
  readonly maxMs?: number;
}

const MAX_UNARY_MS = 60_000;

/** A unary handler that always answers: with the result, or with the status of what was thrown, or at the deadline. */
export function unary<Request, Response>(
  { method, log, maxMs = MAX_UNARY_MS }: CallOptions,
  handler: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const context = openCall(call, maxMs);
    const aborted = new Promise<never>((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        reject(context.signal.reason as Error);
      });
    });
    observeCall(method, call.metadata, log, () => Promise.race([handler(call.request, context), aborted]))
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(toServiceError(error));
        },
      )
      .finally(context.end)
      .catch((error: unknown) => {
        log.error({ err: error, method }, 'a call could not be answered');
      });
  };
}
