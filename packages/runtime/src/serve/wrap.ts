import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { CallContext } from '../rpc/call-context.js';
import { serverStream } from '../rpc/server-stream.js';
import { unary } from '../rpc/unary.js';

/** `unary` and `serverStream` with the log of one server. */
export interface Wrap {
  unary<Request, Response>(
    method: string,
    handler: (request: Request, context: CallContext) => Promise<Response>,
    maxMs?: number,
  ): handleUnaryCall<Request, Response>;
  serverStream<Request, Response>(
    method: string,
    handler: (request: Request, context: CallContext) => AsyncIterable<Response>,
  ): handleServerStreamingCall<Request, Response>;
}

export function wrapWith(log: Logger): Wrap {
  return {
    unary: (method, handler, maxMs) =>
      unary({ method, log, ...(maxMs === undefined ? {} : { maxMs }) }, handler),
    serverStream: (method, handler) => serverStream({ method, log }, handler),
  };
}
