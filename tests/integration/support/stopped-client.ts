import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { stopProcess } from '@eigenloom/testkit';

/** Ends what a test started. */
export type End = () => Promise<void>;

/**
 * Runs a program that opens something of a server and says so (`process.send('open')`), and then stops it: its connections stay open, and
 * nobody reads them.
 */
export async function stoppedClient(program: string, args: readonly string[]): Promise<End> {
  const child: ChildProcess = spawn(process.execPath, ['-e', program, ...args], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  if (child.pid !== undefined) await stopProcess(child.pid);
  return async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
}

/** Watches a job. */
export const WATCH = `
  const { createClient } = require('@eigenloom/runtime');
  (async () => {
    for await (const update of createClient({ address: process.argv[1] }).watch(process.argv[2])) process.send('open');
  })();`;

/** Begins to read a file of a job's artifact. */
export const DOWNLOAD = `
  const { createClient } = require('@eigenloom/runtime');
  (async () => {
    for await (const chunk of createClient({ address: process.argv[1] }).readFile(process.argv[2], 'all.txt')) {
      process.send('open');
      await new Promise(() => setInterval(() => undefined, 1000));
    }
  })();`;

/** Watches the health of a server. */
export const HEALTH = `
  const { credentials, makeGenericClientConstructor } = require('@grpc/grpc-js');
  const Health = makeGenericClientConstructor(require('grpc-health-check').service, 'Health');
  new Health(process.argv[1], credentials.createInsecure())
    .watch({ service: 'readiness' })
    .on('data', () => process.send('open'));`;
