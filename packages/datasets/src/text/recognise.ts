import { open, readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type AppError, corruptData } from '@eigenloom/errors';
import { binaryOf } from './signatures.js';
import { tableOf } from './tables.js';

/** How much of a file is looked at. */
const SAMPLE_BYTES = 64 * 1024;
/** A file that may be one JSON value is parsed whole up to this size; the beginning decides for larger ones. */
const MAX_JSON_BYTES = 64 * 1024 ** 2;

const JSON_LINES = new Set(['.jsonl', '.ndjson', '.json']);
const TABLES: Readonly<Record<string, string>> = { '.csv': 'CSV', '.tsv': 'TSV', '.tab': 'TSV' };

const WANTED =
  'wanted is UTF-8 text with one example a line, or JSON Lines (.jsonl) with one object a line, as {"text": "…", "label": "…"}';

/** How the lines of a data file are read. */
export type DataFormat = 'text' | 'json_lines';

export interface FieldNames {
  readonly textField: string;
  readonly labelField: string;
}

const refusal = (path: string, what: string, todo = ''): AppError =>
  corruptData(
    'DATASET_FORMAT',
    `${basename(path)} is ${what}, which is not read; ${WANTED}${todo === '' ? '' : `: ${todo}`}`,
  );

/**
 * Looks at what a data file holds, whatever its name is. JSON Lines is read as such under any name; what there is no reader for is
 * refused by name. Errors: `DATASET_FORMAT`.
 */
export async function recogniseData(path: string, fields: FieldNames): Promise<DataFormat> {
  const { head, size } = await readHead(path);
  const binary = binaryOf(head);
  if (binary !== undefined) {
    throw refusal(path, binary.what, binary.unpack === undefined ? '' : `try ${binary.unpack}`);
  }
  const isWhole = size <= head.length;
  const sample = sampleOf(head, isWhole);
  const extension = extname(path).toLowerCase();
  const format = JSON_LINES.has(extension) ? 'json_lines' : jsonLinesOf(path, sample, fields);
  if (format === 'json_lines' && isObject(parsed(firstLineOf(sample)))) return format;
  const document = await jsonDocumentOf(path, sample, size);
  if (document !== undefined) throw refusal(path, document, 'write each element on a line of its own');
  const table = tableOf(sample, [fields.textField, fields.labelField]) ?? TABLES[extension];
  if (table !== undefined) throw refusal(path, table, 'convert it to JSON Lines');
  if (!sample.includes('\n') && sample.trimEnd().includes('\r')) {
    throw refusal(path, 'text whose lines end in CR alone', "try tr '\\r' '\\n'");
  }
  return format;
}

async function readHead(path: string): Promise<{ head: Buffer; size: number }> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, SAMPLE_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return { head: buffer.subarray(0, bytesRead), size };
  } finally {
    await handle.close();
  }
}

/** The sample as text without a byte-order mark and without a last line that is cut. Bytes that are not UTF-8 are met by the reader. */
function sampleOf(head: Buffer, isWhole: boolean): string {
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  return isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1) || text;
}

const linesOf = (sample: string): string[] => sample.split('\n').filter((line) => line.trim() !== '');
const firstLineOf = (sample: string): string => linesOf(sample)[0] ?? '';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lines that are all JSON objects are JSON Lines. Errors: `DATASET_FORMAT` where these have no texts. */
function jsonLinesOf(path: string, sample: string, { textField }: FieldNames): DataFormat {
  if (!sample.trimStart().startsWith('{')) return 'text';
  const objects = linesOf(sample).map(parsed);
  if (!objects.every(isObject)) return 'text';
  if (objects.some((object) => Object.hasOwn(object, textField))) return 'json_lines';
  const keys = Object.keys(objects[0] ?? {}).map((key) => JSON.stringify(key));
  throw refusal(
    path,
    `JSON Lines without a field ${JSON.stringify(textField)}`,
    `its first object has ${keys.slice(0, 8).join(', ') || 'no fields'}; name the field of the texts in text_field`,
  );
}

/** One JSON array or object over the whole file, in words. */
async function jsonDocumentOf(path: string, sample: string, size: number): Promise<string | undefined> {
  const start = /^\s*([[{])/.exec(sample)?.[1];
  if (start === undefined) return undefined;
  const what = start === '[' ? 'one JSON array' : 'one JSON object';
  if (size > MAX_JSON_BYTES) {
    const isCut = !sample.includes('\n') || parsed(firstLineOf(sample)) !== undefined;
    return !isCut && /^\s*(\[\s*[{["]|\{\s*")/.test(sample) ? what : undefined;
  }
  const value = parsed((await readFile(path, 'utf8')).replace(/^\ufeff/, ''));
  return typeof value === 'object' ? what : undefined;
}
