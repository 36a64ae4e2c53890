import { corruptData } from '@eigenloom/errors';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Files that are often found in the place of a text file, by how they begin. */
const OTHERS: readonly (readonly [start: string, what: string])[] = [
  ['version https://git-lfs', 'is a pointer of Git LFS; fetch the file itself with git lfs pull'],
  ['<!DOCTYPE', 'is a web page; download the file itself'],
  ['<!doctype', 'is a web page; download the file itself'],
  ['<html', 'is a web page; download the file itself'],
  ['\x1f\x8b', 'is compressed with gzip; unpack it first'],
  ['PK\x03\x04', 'is a zip archive'],
];

/** What the first bytes of a file say that it is, where it is none of what it is named for: `is a web page; …`. */
export function otherKind(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.subarray(0, 32)).toString('latin1');
  return OTHERS.find(([begins]) => start.startsWith(begins))?.[1];
}

/**
 * The text of a UTF-8 file, without a byte-order mark. `file` is its base name. Errors: `CORRUPT_JSON` where it is empty, in another
 * encoding, or no text at all.
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  const wrong = (why: string, cause?: unknown): Error =>
    corruptData('CORRUPT_JSON', `${file}: ${why}`, { details: { file }, cause });
  const other = otherKind(bytes);
  if (other !== undefined) throw wrong(other);
  const [first, second] = bytes;
  const wide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (wide || (bytes.length > 1 && (first === 0) !== (second === 0))) {
    throw wrong('is in UTF-16; save it as UTF-8');
  }
  const marked = BYTE_ORDER_MARK.equals(bytes.subarray(0, BYTE_ORDER_MARK.length));
  const body = marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw wrong('is not UTF-8 text', cause);
  }
  if (text.trim() === '') throw wrong('is empty');
  return text;
}
