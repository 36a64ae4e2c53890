import { resolve } from 'node:path';

const SCHEME = /^(hf|s3|job|step):/;

/**
 * A path of the command line or of a recipe as an absolute `file:` URI: relative paths are relative to the working directory.
 * Other schemes stay as they are.
 */
export function localUri(uri: string, workingDirectory: string = process.cwd()): string {
  if (SCHEME.test(uri)) return uri;
  const path = uri.startsWith('file://') ? uri.slice('file://'.length) : uri.replace(/^file:/, '');
  return `file:${resolve(workingDirectory, path)}`;
}
