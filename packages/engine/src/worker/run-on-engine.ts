import { cancelled, internal, toAppError, type AppError } from '@eigenloom/errors';
import type { BackendName } from '../backend/backends.js';
import type { Precision } from '../backend/precision.js';
import { compiled } from './compiled.js';
import { crash } from './crash.js';
import type { EngineProgress } from './engine-context.js';
import { fromRecord, toRecord } from './error-record.js';
import { startHost, type Host } from './host.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((update: EngineProgress) => void) | undefined;
  /** `native` unless set. */
  readonly backend?: BackendName | undefined;
  /** `f32` unless set. */
  readonly precision?: Precision | undefined;
  /** Functions that the module may run in this thread by `context.call(name, argument)`. */
  readonly calls?: Readonly<Record<string, (argument: unknown) => unknown>> | undefined;
  /** Buffers of the input that move to the worker instead of being copied; those of a process are copied all the same. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** JavaScript heap of the worker; tensors of typed arrays lie outside it. Node's own limit unless set. */
  readonly heapMb?: number | undefined;
  /** How long an aborted module may take to stop by itself before its thread is ended. */
  readonly graceMs?: number | undefined;
}

const DEFAULT_GRACE_MS = 5000;

/**
 * Runs the default export of a module, an `EngineModule`, in a worker thread that has a backend of its own, so that
 * synchronous tensor work never holds up this thread; for `tensorflow` and `webgpu` in a process of its own. `modulePath` is absolute; a path under `src` without a compiled file
 * beside it means the one under `dist`.
 *
 * Fails with the module's own AppError; CANCELLED when `signal` aborts; LIMIT_EXCEEDED/ENGINE_OUT_OF_MEMORY when the heap
 * is full; INTERNAL/ENGINE_CRASHED when the thread or process ends without an answer.
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
    precision: options.precision ?? 'f32',
  };
  const host = startHost(start, { transfer: options.transfer ?? [], heapMb: options.heapMb });
  let answered = false;
  try {
    const output = await answerOf(host, options, () => (answered = true));
    return output as Output;
  } finally {
    await host.end(answered);
  }
}

/** `onAnswer` is called when the module has come to its end, well or badly, and not when it has to be ended. */
function answerOf(host: Host, options: RunOptions, onAnswer: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      host.send({ type: 'abort' });
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
    const receive = (message: FromWorker): void => {
      if (message.type === 'progress') {
        progress(message.update as EngineProgress);
      } else if (message.type === 'call') {
        void answerCall(message, options.calls ?? {}, host.send);
      } else {
        onAnswer();
        if (message.type === 'done') settle(undefined, message.output);
        else settle(fromRecord(message.error));
      }
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    host.listen({
      onMessage: receive,
      onError: (error) => {
        settle(crash(error));
      },
      onExit: (how) => {
        settle(internal('ENGINE_CRASHED', `an engine worker ended with ${how} and no answer`));
      },
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
