import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { until } from './until.js';

/**
 * Stops a process by SIGSTOP, and waits until none of its threads runs any more: the signal stops the thread that is woken for it first,
 * and until that one has had its turn the others go on.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(`process ${pid} is stopped`, () => statesOf(pid).every((state) => state.startsWith('T')));
}

/** The state of each thread as ps writes it; of the process alone where there is no /proc. */
function statesOf(pid: number): readonly string[] {
  if (process.platform !== 'linux')
    return [spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()];
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((thread) => `${tasks}/${thread}/stat`)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .map((stat) => stat.slice(stat.lastIndexOf(')') + 2)); // The name before may have spaces and brackets of its own.
}
