import { basename } from 'node:path';

import { invalidInput } from '@eigenloom/errors';

import { withFile } from '../with-file.js';

/**
 * Refuses files that execute code when loaded, whatever they are called: pickles of protocol 2 and up, and zip archives, in which
 * PyTorch wraps them. A safetensors file may begin with the same bytes (they are its header's length), but has `{` as its ninth.
 * Errors: `PICKLE_REFUSED`.
 */
export async function refusePickle(path: string): Promise<void> {
  const head = await firstBytes(path, 9);
  if (head[8] === 0x7b) return;
  const zip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 0x03 || head[2] === 0x05);
  const pickle = head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;
  if (zip || pickle) throw pickleRefused(basename(path));
}

export function pickleRefused(file: string): Error {
  return invalidInput(
    'PICKLE_REFUSED',
    file,
    'is a pickle, which can run code when loaded; convert it to safetensors',
  );
}

function firstBytes(path: string, count: number): Promise<Uint8Array> {
  return withFile(path, 'r', async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  });
}
