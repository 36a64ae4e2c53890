import { AppError } from '@eigenloom/errors';
import type { Metadata, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborts when the client leaves or the deadline passes; its reason is an AppError. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
}

type Call = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** Ties an abort signal to a call: cancelled by the client, or at the earlier of its deadline and the server's bound. */
export function openCall(call: Call, maxMs: number): CallContext & { end: () => void } {
  const controller = new AbortController();
  const deadline = call.getDeadline();
  const askedMs = (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
  // setTimeout fires at once when asked for more than 2^31 - 1 ms.
  const timer = setTimeout(
    () => {
      controller.abort(new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the call took too long'));
    },
    Math.max(0, Math.min(askedMs, maxMs, 2 ** 31 - 1)),
  );
  call.once('cancelled', () => {
    controller.abort(new AppError('CANCELLED', 'CANCELLED', 'the client cancelled the call'));
  });
  return {
    signal: controller.signal,
    metadata: call.metadata,
    end: () => {
      clearTimeout(timer);
    },
  };
}
