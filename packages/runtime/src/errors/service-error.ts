import { status as rpc } from '@eigenloom/contracts';
import { AppError } from '@eigenloom/errors';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { kindOfCode } from './grpc-codes.js';
import { fromStatus } from './from-status.js';
import { toStatus } from './to-status.js';

const DETAILS_KEY = 'grpc-status-details-bin';

/** What a gRPC server sends for anything thrown. */
export function toServiceError(thrown: unknown): { code: number; details: string; metadata: Metadata } {
  const sent = toStatus(thrown);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(rpc.Status.encode(sent).finish()));
  return { code: sent.code, details: sent.message, metadata };
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;

/** What the transport itself says of a server. */
const TEXTS: ReadonlyMap<number, string> = new Map([
  [status.UNAVAILABLE, 'cannot be reached; is it running, and is the address right?'],
  [status.DEADLINE_EXCEEDED, 'does not answer'],
  [status.UNIMPLEMENTED, 'does not know this call: it is another program, or serves other kinds of jobs'],
]);

/** The AppError that a server sent; errors of the transport itself get the reason `GRPC_<STATUS>`. `address` is for the message. */
export function fromServiceError(error: unknown, address = ''): unknown {
  if (!isServiceError(error)) return error;
  const [details] = error.metadata.get(DETAILS_KEY);
  if (Buffer.isBuffer(details)) return fromStatus(rpc.Status.decode(details));
  const name = status[error.code];
  const at = address === '' ? '' : ` at ${address}`;
  const known = TEXTS.get(error.code);
  const text = known === undefined ? error.details : `the server${at} ${known}`;
  return new AppError(kindOfCode(error.code), `GRPC_${name}`, text, { cause: error });
}
