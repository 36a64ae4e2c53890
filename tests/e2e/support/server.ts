import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { startCli } from './cli.js';

/** A server that a test started. */
export interface Server {
  /** `host:port`. */
  readonly address: string;
  readonly child: ChildProcess;
  /** Ends it in order and waits. */
  readonly stop: () => Promise<void>;
}

/** A service's log says where it listens. */
const LISTENING = /"port":(\d+).*"msg":"serving"/;
const ADDRESS = /serving on (\S+:\d+)/;

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill(signal);
  await end;
}

/** `eigenloom up` on a free port, allowed to read and write below the folder. */
export async function startServer(
  folder: string,
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const { child, outcome, shows, text } = startCli(
    ['up', '--port', '0', '--root', folder, '--data-dir', join(folder, 'mesh'), ...options],
    folder,
    environment,
  );
  await shows(ADDRESS);
  const address = ADDRESS.exec(text())?.[1] ?? '';
  const stop = async (): Promise<void> => {
    await stopped(child, 'SIGTERM');
    await outcome;
  };
  return { address, child, stop };
}

/** One service by its own main, on the mesh of a NATS server. `dataFolder` is the volume that all services share. */
export async function startService(
  name: 'init' | 'train' | 'merge' | 'analysis',
  settings: { natsUrl: string; folder: string; environment?: Readonly<Record<string, string>> },
): Promise<Server> {
  const main = join(dirname(require.resolve(`@eigenloom/${name}-service`)), 'main.js');
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      NATS_URL: settings.natsUrl,
      EIGENLOOM_PORT: '0',
      EIGENLOOM_DATA: join(settings.folder, 'mesh'),
      EIGENLOOM_ROOTS: settings.folder,
      EIGENLOOM_LOG_LEVEL: 'info',
      ...settings.environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      log += part.toString();
      const [, found] = LISTENING.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', (status) => {
      reject(new Error(`the ${name} service ended with ${String(status)}: ${log}`));
    });
  });
  return { address: `127.0.0.1:${port}`, child, stop: () => stopped(child, 'SIGTERM') };
}
