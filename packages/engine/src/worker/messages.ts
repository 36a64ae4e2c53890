import type { BackendName } from '../backend/backends.js';
import type { Precision } from '../backend/precision.js';
import type { ErrorRecord } from './error-record.js';

/** What a worker is started with. */
export interface WorkerStart {
  readonly modulePath: string;
  readonly input: unknown;
  readonly backend: BackendName;
  readonly precision: Precision;
}

export type FromWorker =
  | { readonly type: 'progress'; readonly update: unknown }
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly type: 'done'; readonly output: unknown }
  | { readonly type: 'failed'; readonly error: ErrorRecord };

export type ToWorker =
  | { readonly type: 'abort' }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly error: ErrorRecord };
