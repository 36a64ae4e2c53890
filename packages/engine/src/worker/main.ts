// The program of an engine worker: loads one module, runs its default export, answers its caller.
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { pathToFileURL } from 'node:url';
import { cancelled, internal } from '@eigenloom/errors';
import { setPrecision } from '../backend/precision.js';
import { setBackend } from '../backend/set-backend.js';
import type { EngineContext, EngineModule } from './engine-context.js';
import { fromRecord, toRecord } from './error-record.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function listen(port: MessagePort, abort: AbortController): Pick<EngineContext, 'report' | 'call'> {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  const send = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const receive = (message: ToWorker): void => {
    if (message.type === 'abort') {
      abort.abort(cancelled('CANCELLED', 'cancelled'));
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'answer') call?.resolve(message.result);
    else call?.reject(fromRecord(message.error));
  };
  port.on('message', receive);
  return {
    report: (update) => {
      send({ type: 'progress', update });
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        receive(next.message as ToWorker);
      }
    },
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        send({ type: 'call', id, name, argument });
      }),
  };
}

async function load(modulePath: string): Promise<EngineModule<unknown, unknown>> {
  let found: unknown = await import(pathToFileURL(modulePath).href);
  // A CommonJS module arrives as the default export of its namespace, once or twice.
  while (typeof found === 'object' && found !== null && 'default' in found) found = found.default;
  if (typeof found !== 'function') {
    throw internal('ENGINE_MODULE_INVALID', 'an engine module has no default export that is a function');
  }
  return found as EngineModule<unknown, unknown>;
}

async function main(port: MessagePort, start: WorkerStart): Promise<void> {
  const abort = new AbortController();
  const transferred: ArrayBuffer[] = [];
  const context: EngineContext = {
    ...listen(port, abort),
    signal: abort.signal,
    transfer: (...buffers) => transferred.push(...buffers),
  };
  try {
    const run = await load(start.modulePath);
    await setBackend(start.backend);
    setPrecision(start.precision);
    const output = await run(start.input, context);
    port.postMessage({ type: 'done', output } satisfies FromWorker, transferred);
  } catch (error) {
    port.postMessage({ type: 'failed', error: toRecord(error) } satisfies FromWorker);
  } finally {
    port.close();
  }
}

if (parentPort !== null) void main(parentPort, workerData as WorkerStart);
