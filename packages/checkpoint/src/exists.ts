import { stat } from 'node:fs/promises';

import { isAbsent } from '@eigenloom/errors';

/** Whether a path leads to something. Errors: the system's, where it may not be looked at or cannot be. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
