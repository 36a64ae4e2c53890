import { toAppError } from '@eigenloom/errors';
import type { BackendName } from './backends.js';
import { MISSING } from './missing-backend.js';
import { setBackend } from './set-backend.js';

// Program of `missingBackend`.
setBackend(process.argv[2] as BackendName).catch((thrown: unknown) => {
  const { reason, message } = toAppError(thrown);
  process.stdout.write(message);
  process.exitCode = reason === 'BACKEND_UNAVAILABLE' ? MISSING : 1;
});
