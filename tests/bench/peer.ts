import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The Python that EIGENLOOM_PEERS names, ~/.cache/peers/bin/python by default. */
export const PEER_PYTHON =
  process.env['EIGENLOOM_PEERS'] ?? join(homedir(), '.cache', 'peers', 'bin', 'python');

/** A Python script that answers each line of JSON on its stdin by one on its stdout. */
export interface Peer<Request, Answer> {
  ask(request: Request): Promise<Answer>;
  close(): void;
}

/** Starts a script of tests/bench with the peers' Python. */
export const startPeer = <Request, Answer>(script: string): Peer<Request, Answer> =>
  startChild(PEER_PYTHON, join('tests', 'bench', script));

/** Starts a script of tests/bench with this Node. */
export const startSide = <Request, Answer>(script: string): Peer<Request, Answer> =>
  startChild(process.execPath, join('tests', 'dist', 'bench', script));

function startChild<Request, Answer>(program: string, script: string): Peer<Request, Answer> {
  const child = spawn(program, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`${script} ended with status ${String(code)}`));
    });
  });
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const line = await Promise.race([lines.next(), failed]);
      if (line.done === true) throw new Error(`${script} closed its output`);
      return JSON.parse(line.value) as Answer;
    },
    close() {
      child.stdin.end();
    },
  };
}
