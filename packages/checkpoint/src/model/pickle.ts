import { basename } from 'node:path';

import { corruptData, invalidInput } from '@eigenloom/errors';

import { otherKind } from '../json/decode-text.js';
import { withFile } from '../with-file.js';

/**
 * Refuses files that execute code when loaded, whatever they are called: pickles of protocol 2 and up, and zip archives, in which
 * PyTorch wraps them. A safetensors file may begin with the same bytes (they are its header's length), but has `{` as its ninth.
 * Errors: `PICKLE_REFUSED`.
 */
export async function refusePickle(path: string): Promise<void> {
  checkPickle(await firstBytes(path), basename(path));
}

/** As `refusePickle`, and says of other files that are no safetensors what they are. Errors: `CORRUPT_SAFETENSORS` too. */
export async function refuseOtherFormats(path: string): Promise<void> {
  const [head, file] = [await firstBytes(path), basename(path)];
  checkPickle(head, file);
  if (isSafetensors(head)) return;
  const why = otherKind(head) ?? OTHER_FORMATS.find(([starts]) => starts.test(latin1(head)))?.[1];
  if (why === undefined) return;
  throw corruptData('CORRUPT_SAFETENSORS', `${file}: ${why}`, {
    details: { fault: 'OTHER_FORMAT', file },
  });
}

/** Files that are given as models, by how they begin. */
const OTHER_FORMATS: readonly (readonly [starts: RegExp, what: string])[] = [
  [/^GGUF/, 'is a GGUF file, which is for inference; get the model’s safetensors'],
  [/^\x89HDF/, 'is an HDF5 file, perhaps weights of TensorFlow; convert it to safetensors'],
  [/^\s*\{/, 'is JSON; name the folder that it is in'],
];

/** The first eight bytes are the length of the header, which is JSON. */
const isSafetensors = (head: Uint8Array): boolean => head[8] === 0x7b;

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function checkPickle(head: Uint8Array, file: string): void {
  if (isSafetensors(head)) return;
  const zip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 0x03 || head[2] === 0x05);
  const pickle = head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;
  if (zip || pickle) throw pickleRefused(file);
}

export function pickleRefused(file: string): Error {
  return invalidInput(
    'PICKLE_REFUSED',
    file,
    'is a pickle, which can run code when loaded; convert it to safetensors',
  );
}

/** Enough to tell what a file is. */
const HEAD_BYTES = 32;

function firstBytes(path: string): Promise<Uint8Array> {
  return withFile(path, 'r', async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  });
}
