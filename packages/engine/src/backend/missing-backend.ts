import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compiled } from '../worker/compiled.js';
import { PROCESS_ENVIRONMENT, type BackendName } from './backends.js';

/**
 * Why a backend cannot be used on this machine, in a sentence, or null. Blocks while a process of its own tries it, about a second.
 * One that is installed and fails in any other way is not missing: to use it reports what is wrong.
 */
export function missingBackend(name: BackendName): string | null {
  const program = compiled(join(__dirname, 'try-backend.js'));
  const env = { ...PROCESS_ENVIRONMENT[name], ...process.env };
  const { status, stdout } = spawnSync(process.execPath, [program, name], { encoding: 'utf8', env });
  return status === MISSING ? stdout.trim() : null;
}

/** Exit code of try-backend.ts. */
export const MISSING = 69;
