import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, corruptData, limitExceeded, notFound } from '@eigenloom/errors';

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
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  const decode = (bytes: Buffer): Line => {
    number++;
    if (bytes.includes(0)) {
      throw corruptData('DATASET_FORMAT', `${name}:${number}: has a NUL byte, so this is no text`);
    }
    try {
      return { text: decoder.decode(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes), number };
    } catch (cause) {
      throw corruptData(
        'INVALID_UTF8',
        `${name}:${number}: not UTF-8; convert the file, as by iconv -f WINDOWS-1252 -t UTF-8`,
        {
          cause,
        },
      );
    }
  };
  // Pieces of a line that goes over several chunks.
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of createReadStream(
    path,
    signal === undefined ? {} : { signal },
  ) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const line = chunk.subarray(from, end);
      yield decode(rest.length === 0 ? line : Buffer.concat([...rest, line]));
      [rest, restBytes] = [[], 0];
      from = end + 1;
    }
    rest.push(chunk.subarray(from));
    restBytes += chunk.length - from;
    if (restBytes > MAX_LINE_BYTES) {
      throw limitExceeded(
        'LINE_TOO_LONG',
        `${name}:${number + 1}: longer than ${MAX_LINE_BYTES} bytes; is this text, one example a line?`,
        {
          retryable: false,
        },
      );
    }
  }
  if (restBytes > 0) yield decode(Buffer.concat(rest));
}

/** Errors: `DATASET_NOT_FOUND`, `NOT_A_FILE`, `DATASET_TOO_LARGE`. */
export async function requireReadable(path: string): Promise<void> {
  const name = basename(path);
  const info = await stat(path).catch((cause: unknown) => {
    throw notFound('DATASET_NOT_FOUND', `data file ${name} does not exist`, { cause });
  });
  if (!info.isFile()) {
    const what = info.isDirectory() ? 'a folder' : 'not a regular file';
    throw new AppError('INVALID_INPUT', 'NOT_A_FILE', `${name} is ${what}; wanted is a data file`);
  }
  if (info.size > MAX_FILE_BYTES) {
    throw limitExceeded(
      'DATASET_TOO_LARGE',
      `${name} has ${info.size} bytes, the limit is ${MAX_FILE_BYTES}; split it`,
      {
        retryable: false,
      },
    );
  }
}
