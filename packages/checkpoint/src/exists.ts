import { stat } from 'node:fs/promises';

/** Whether a path leads to something. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
