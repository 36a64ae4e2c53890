import { basename } from 'node:path';
import { parseJson } from '@eigenloom/checkpoint';
import { AppError, corruptData } from '@eigenloom/errors';
import { readLines, requireReadable, type Line } from './read-lines.js';
import { recogniseData } from './recognise.js';

export interface Example {
  readonly text: string;
  /** Class as the file names it; integers are written in decimal. */
  readonly label?: string;
  /** Line of the file, from 1. */
  readonly line: number;
}

export interface DatasetOptions {
  /** JSONL field of the text. Default `text`. */
  readonly textField?: string | undefined;
  /** JSONL field of the class. Default `label`. */
  readonly labelField?: string | undefined;
  /** Read the first examples only. 0 or left out: all. */
  readonly limit?: number | undefined;
  /** Refuse examples without a class. */
  readonly requireLabels?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Reads a text file with one text a line, or JSON Lines under any name. Blank lines are skipped. Errors name the file and line;
 * `DATASET_FORMAT` says what a file is that is neither.
 */
export async function loadDataset(path: string, options: DatasetOptions = {}): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of streamDataset(path, options)) examples.push(example);
  if (examples.length === 0) {
    throw corruptData(
      'DATASET_EMPTY',
      `${basename(path)} has no examples: it is empty or all its lines are blank`,
    );
  }
  return examples;
}

// Enough examples to find a wrong field name or a wrong file; the job reads the rest.
const EXAMPLES_CHECKED = 200;

/** Reads the first examples, to find out before a job whether its data can be read. Errors: those of `loadDataset`. */
export function checkDataset(path: string, options: DatasetOptions = {}): Promise<Example[]> {
  const { limit = 0 } = options;
  return loadDataset(path, {
    ...options,
    limit: limit === 0 ? EXAMPLES_CHECKED : Math.min(limit, EXAMPLES_CHECKED),
  });
}

/** As loadDataset, one example at a time. */
export async function* streamDataset(path: string, options: DatasetOptions = {}): AsyncGenerator<Example> {
  const name = basename(path);
  await requireReadable(path);
  const { textField = 'text', labelField = 'label' } = options;
  const json = (await recogniseData(path, { textField, labelField })) === 'json_lines';
  let count = 0;
  for await (const line of readLines(path, options.signal)) {
    if (line.text.trim() === '') continue;
    const example = json ? parseJsonLine(line, name, options) : { text: line.text, line: line.number };
    if (options.requireLabels === true && example.label === undefined) {
      const todo = json ? '' : '; plain text has no classes, JSON Lines (.jsonl) has';
      throw corruptData('LABEL_MISSING', `${name}:${line.number}: no field ${labelField}${todo}`);
    }
    yield example;
    if (++count === options.limit) return;
  }
}

function parseJsonLine(line: Line, name: string, options: DatasetOptions): Example {
  const at = `${name}:${line.number}`;
  const value = parseLine(line, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corruptData('JSON_INVALID', `${at}: not a JSON object, as {"text": "…"}`);
  }
  const field = (key: string): unknown =>
    Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const textField = options.textField ?? 'text';
  const text = field(textField);
  if (typeof text !== 'string') {
    const found =
      text === undefined
        ? `is missing; the line has ${Object.keys(value).slice(0, 8).join(', ') || 'no fields'}`
        : 'is not a string';
    throw corruptData(
      'TEXT_MISSING',
      `${at}: field ${textField} ${found}; text_field names the field of the texts`,
    );
  }
  const label = parseLabel(field(options.labelField ?? 'label'), at, options.labelField ?? 'label');
  return label === undefined ? { text, line: line.number } : { text, label, line: line.number };
}

/** As Python's `json.dumps` writes lines, with NaN and Infinity in fields that nobody looks at. */
function parseLine({ text, number }: Line, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return parseJson(text, name, number);
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      const at = `${name}:${number}: `;
      throw corruptData('JSON_INVALID', `${at}not JSON: ${cause.message.slice(at.length)}`, { cause });
    }
  }
}

function parseLabel(value: unknown, at: string, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw corruptData('LABEL_INVALID', `${at}: field ${field} is neither a string nor an integer`);
}

/** The classes of a data set: integers in order of value, otherwise in order of code units. */
export function labelsOf(examples: readonly { readonly label?: string }[]): string[] {
  const labels = [...new Set(examples.flatMap(({ label }) => label ?? []))];
  return labels.every((label) => /^-?\d+$/.test(label))
    ? labels.sort((a, b) => Number(a) - Number(b))
    : labels.sort((a, b) => (a < b ? -1 : 1));
}
