import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { cancelled, internal, limitExceeded, toAppError, type AppError } from '@eigenloom/errors';
import type { BackendName } from '../backend/set-backend.js';
import type { EngineProgress } from './engine-context.js';
import { fromRecord, toRecord } from './error-record.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((update: EngineProgress) => void) | undefined;
  /** `native` unless set. */
  readonly backend?: BackendName | undefined;
  /** Functions that the module may run in this thread by `context.call(name, argument)`. */
  readonly calls?: Readonly<Record<string, (argument: unknown) => unknown>> | undefined;
  /** Buffers of the input that move to the worker instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** JavaScript heap of the worker; tensors of typed arrays lie outside it. Node's own limit unless set. */
  readonly heapMb?: number | undefined;
  /** How long an aborted module may take to stop by itself before its thread is ended. */
  readonly graceMs?: number | undefined;
}

const DEFAULT_GRACE_MS = 5000;

/**
 * Runs the default export of a module, an `EngineModule`, in a worker thread that has a backend of its own, so that
 * synchronous tensor work never holds up this thread. `modulePath` is absolute; a path under `src` without a compiled file
 * beside it means the one under `dist`.
 *
 * Fails with the module's own AppError; CANCELLED when `signal` aborts; LIMIT_EXCEEDED/ENGINE_OUT_OF_MEMORY when the heap
 * is full; INTERNAL/ENGINE_CRASHED when the thread ends without an answer.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- callers name both types of an EngineModule
export async function runOnEngine<Input, Output>(
  modulePath: string,
  input: Input,
  options: RunOptions = {},
): Promise<Output> {
  if (options.signal?.aborted === true) throw cancelled('CANCELLED', 'cancelled');
  const start: WorkerStart = {
    modulePath: compiled(modulePath),
    input,
    backend: options.backend ?? 'native',
  };
  const worker = new Worker(workerProgram(), {
    name: 'engine',
    workerData: start,
    transferList: [...(options.transfer ?? [])],
    ...(options.heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: options.heapMb } }),
  });
  const ended = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      resolve();
    }),
  );
  try {
    return (await answerOf(worker, options)) as Output;
  } finally {
    await worker.terminate();
    await ended;
  }
}

function answerOf(worker: Worker, options: RunOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const send = (message: ToWorker): void => {
      worker.postMessage(message);
    };
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      send({ type: 'abort' });
      grace = setTimeout(() => {
        settle(cancelled('CANCELLED', 'cancelled'));
      }, options.graceMs ?? DEFAULT_GRACE_MS);
    };
    const settle = (error: AppError | undefined, output?: unknown): void => {
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', abort);
      if (error === undefined) resolve(output);
      else reject(error);
    };
    const progress = (update: EngineProgress): void => {
      try {
        options.onProgress?.(update);
      } catch (error) {
        settle(toAppError(error));
      }
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'progress') progress(message.update as EngineProgress);
      else if (message.type === 'done') settle(undefined, message.output);
      else if (message.type === 'failed') settle(fromRecord(message.error));
      else void answerCall(message, options.calls ?? {}, send);
    });
    worker.on('error', (error) => {
      settle(crash(error));
    });
    worker.on('exit', (code) => {
      settle(internal('ENGINE_CRASHED', `an engine worker ended with exit code ${code} and no answer`));
    });
  });
}

async function answerCall(
  { id, name, argument }: Extract<FromWorker, { type: 'call' }>,
  calls: NonNullable<RunOptions['calls']>,
  send: (message: ToWorker) => void,
): Promise<void> {
  try {
    const call = calls[name];
    if (call === undefined) throw internal('ENGINE_CALL_UNKNOWN', `no call named ${name}`);
    send({ type: 'answer', id, result: await call(argument) });
  } catch (error) {
    send({ type: 'refused', id, error: toRecord(error) });
  }
}

function crash(error: Error): AppError {
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return limitExceeded('ENGINE_OUT_OF_MEMORY', 'an engine worker ran out of memory', {
      retryable: false,
      cause: error,
    });
  }
  return internal('ENGINE_CRASHED', 'an engine worker crashed', { cause: error });
}

/** Workers load compiled JavaScript, whatever compiles this file on the fly (tests do). */
function workerProgram(): string {
  return compiled(join(__dirname, 'main.js'));
}

function compiled(path: string): string {
  const file = path.endsWith('.ts') ? `${path.slice(0, -3)}.js` : path;
  if (existsSync(file)) return file;
  const source = `${sep}src${sep}`;
  const at = file.lastIndexOf(source);
  const built = at < 0 ? file : `${file.slice(0, at)}${sep}dist${sep}${file.slice(at + source.length)}`;
  return existsSync(built) ? built : file;
}
