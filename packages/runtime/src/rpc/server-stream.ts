import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { toServiceError } from '../errors/service-error.js';
import { type CallContext, openCall } from './call-context.js';
import { observeCall } from './observe-call.js';
import type { CallOptions } from './unary.js';

const MAX_STREAM_MS = 660_000;

/** A streaming handler that waits for slow readers and ends with a status whatever happens. */
export function serverStream<Request, Response>(
  { method, log, maxMs = MAX_STREAM_MS }: CallOptions,
  handler: (request: Request, context: CallContext) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const context = openCall(call, maxMs);
    observeCall(method, call.metadata, log, () => pump(call, handler(call.request, context), context.signal))
      .then(
        () => {
          call.end();
        },
        (error: unknown) => {
          call.emit('error', toServiceError(error));
        },
      )
      .finally(context.end)
      .catch((error: unknown) => {
        log.error({ err: error, method }, 'a stream could not be ended');
      });
  };
}

async function pump<Response>(
  call: ServerWritableStream<unknown, Response>,
  messages: AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    signal.throwIfAborted();
    if (!call.write(message)) await drained(call, signal);
  }
  signal.throwIfAborted();
}

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      call.off('drain', go);
      reject(signal.reason as Error);
    };
    const go = (): void => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    call.once('drain', go);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  });
}
