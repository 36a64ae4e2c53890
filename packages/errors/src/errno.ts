import { isNativeError } from 'node:util/types';

/** Whether an error is the operating system's with this code. Not by instanceof: errors of Node may come from another realm. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!isNativeError(error) || !('code' in error)) return false;
  return codes.includes(String(error.code));
}

/** Nothing is there: neither the path nor, where it names one, its folder. */
export const isAbsent = (error: unknown): boolean => isErrno(error, 'ENOENT', 'ENOTDIR');
