import { basename } from 'node:path';

import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/** SHA-256 of a file's content, lower-case hex. */
export async function sha256File(path: string, options: CallOptions = {}): Promise<string> {
  return call(basename(path), options, (task) => addon().sha256File(task, path));
}
