import { AppError, corruptData } from '@eigenloom/errors';

/**
 * Names a broken file: the core's detail starts with a code of `Fault` (crates/numeric/src/checkpoint/fault.rs), which becomes
 * `details.fault`. `file` is the base name.
 */
export function fileError(error: unknown, file: string): unknown {
  if (!(error instanceof AppError) || error.reason !== 'CORRUPT_FILE') return error;
  const detail = error.message.slice(`${file}: `.length);
  const gap = detail.indexOf(' ');
  return corruptData('CORRUPT_SAFETENSORS', `${file}: ${detail.slice(gap + 1)}`, {
    details: { fault: detail.slice(0, gap), file },
    cause: error,
  });
}

/** Runs a call about a file and names the file in its errors. */
export async function aboutFile<T>(file: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw fileError(error, file);
  }
}
