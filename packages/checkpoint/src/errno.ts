import { types } from 'node:util';

/** Whether an error is the operating system's with this code. Not by instanceof: errors of Node may come from another realm. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!types.isNativeError(error) || !('code' in error)) return false;
  return codes.includes(String(error.code));
}
