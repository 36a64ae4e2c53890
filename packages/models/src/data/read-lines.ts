import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { corruptData, invalidInput, limitExceeded, notFound } from '@eigenloom/errors';

/** Keeps a data set in memory after reading it, so the file has to fit there. */
export const MAX_FILE_BYTES = 2 * 1024 ** 3;
/** Far above any text that a model reads; a file without line ends is refused instead of held whole. */
export const MAX_LINE_BYTES = 16 * 1024 ** 2;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Lines of a UTF-8 file, without their ends (LF or CRLF) and without a byte-order mark. */
export async function* readLines(path: string, signal?: AbortSignal): AsyncGenerator<Line> {
  const name = basename(path);
  await requireReadable(path, name);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  const decode = (bytes: Buffer): Line => {
    number++;
    try {
      return { text: decoder.decode(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes), number };
    } catch (cause) {
      throw corruptData('INVALID_UTF8', `${name}:${number}: not UTF-8`, { cause });
    }
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(
    path,
    signal === undefined ? {} : { signal },
  ) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const line = chunk.subarray(from, end);
      yield decode(rest.length === 0 ? line : Buffer.concat([rest, line]));
      rest = Buffer.alloc(0);
      from = end + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > MAX_LINE_BYTES) {
      throw limitExceeded('LINE_TOO_LONG', `${name}:${number + 1}: longer than ${MAX_LINE_BYTES} bytes`, {
        retryable: false,
      });
    }
  }
  if (rest.length > 0) yield decode(rest);
}

async function requireReadable(path: string, name: string): Promise<void> {
  const info = await stat(path).catch((cause: unknown) => {
    throw notFound('DATASET_NOT_FOUND', `data file ${name} does not exist`, { cause });
  });
  if (!info.isFile()) throw invalidInput('NOT_A_FILE', 'data', `${name} is not a file`);
  if (info.size > MAX_FILE_BYTES) {
    throw limitExceeded(
      'DATASET_TOO_LARGE',
      `${name} has ${info.size} bytes, the limit is ${MAX_FILE_BYTES}`,
      {
        retryable: false,
      },
    );
  }
}
