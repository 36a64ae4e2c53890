import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PROCESS_ENVIRONMENT } from '../backend/backends.js';
import { compiled } from './compiled.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

export interface HostOptions {
  /** Buffers of the input that move to a thread; a process gets copies. */
  readonly transfer: readonly ArrayBuffer[];
  readonly heapMb: number | undefined;
}

interface Listeners {
  readonly onMessage: (message: FromWorker) => void;
  readonly onError: (error: Error) => void;
  /** Once, after the last message. `how` completes the sentence "an engine worker ended with …". */
  readonly onExit: (how: string) => void;
}

/** Where an engine module runs: a thread, or a thread in a process of its own. */
export interface Host {
  readonly listen: (listeners: Listeners) => void;
  readonly send: (message: ToWorker) => void;
  /** Resolves when it has ended. One that has answered is given the time to end by itself. */
  readonly end: (answered: boolean) => Promise<void>;
}

// A GPU's context takes a moment to be torn down.
const EXIT_MS = 10_000;

export function startHost(start: WorkerStart, options: HostOptions): Host {
  const environment = PROCESS_ENVIRONMENT[start.backend];
  return environment === undefined ? inThread(start, options) : inProcess(start, options, environment);
}

function inThread(start: WorkerStart, { transfer, heapMb }: HostOptions): Host {
  const worker = new Worker(compiled(join(__dirname, 'main.js')), {
    name: 'engine',
    workerData: start,
    transferList: [...transfer],
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  const ended = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      resolve();
    }),
  );
  return {
    listen({ onMessage, onError, onExit }) {
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', (code) => {
        onExit(`exit code ${code}`);
      });
    },
    send: (message) => {
      worker.postMessage(message);
    },
    async end() {
      await worker.terminate();
      await ended;
    },
  };
}

function inProcess(
  start: WorkerStart,
  { heapMb }: HostOptions,
  environment: Readonly<Record<string, string>>,
): Host {
  const child = fork(compiled(join(__dirname, 'process.js')), {
    serialization: 'advanced',
    // Flags of this process, such as a debugger's port, are not for two.
    execArgv: [],
    env: { ...environment, ...process.env },
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', () => {
      resolve();
    });
  });
  send(child, { ...start, heapMb });
  return {
    listen({ onMessage, onError, onExit }) {
      child.on('message', onMessage);
      child.on('error', onError);
      child.on('exit', (code, signal) => {
        onExit(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`);
      });
    },
    send: (message) => {
      send(child, message);
    },
    async end(answered) {
      const timer = setTimeout(() => child.kill('SIGKILL'), answered ? EXIT_MS : 0);
      await ended;
      clearTimeout(timer);
    },
  };
}

// A process that has just ended is noticed by its exit; what was on its way to it is lost, as with a thread.
function send(child: ChildProcess, message: object): void {
  if (child.connected) child.send(message, () => undefined);
}
