import { invalidInput } from '@eigenloom/errors';
import { nearest } from '../nearest.js';

/** A model of a mergekit configuration: where it is, and the adapter to fold in. */
export interface MergekitReference {
  readonly uri: string;
  readonly adapter: string | undefined;
  /** Stands in the result's config.json instead of the model's own. */
  readonly architecture: string | undefined;
}

const KEYS = ['model', 'lora', 'override_architecture'];
const PATH_KEYS = ['path', 'revision'];

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads what mergekit accepts as a model: `PATH[@REVISION][+ADAPTER[@REVISION]]`, or a mapping of `model`, `lora` and
 * `override_architecture`, of which the first two are paths or mappings of `path` and `revision`. A revision exists on the hub only,
 * so it makes a path `hf:`. Throws InvalidInput naming the field.
 */
export function readReference(value: unknown, field: string): MergekitReference {
  if (typeof value === 'string') {
    const [model = '', lora, ...more] = value.split('+');
    if (more.length > 0)
      throw invalidInput('WRONG_TYPE', field, 'has more than one +, which joins one adapter');
    const adapter = lora === undefined ? undefined : readPath(lora, field);
    return { uri: readPath(model, field), adapter, architecture: undefined };
  }
  if (!isFields(value)) {
    const hint = isScalar(value) ? `; it reads as ${String(value)}: put the name into quotes` : '';
    throw invalidInput('WRONG_TYPE', field, `must be a path or a mapping of model and lora${hint}`);
  }
  checkKeys(value, KEYS, field);
  const { model, lora, override_architecture: architecture } = value;
  if (architecture !== undefined && architecture !== null && typeof architecture !== 'string') {
    throw invalidInput('WRONG_TYPE', `${field}.override_architecture`, 'must be a string');
  }
  return {
    uri: readPath(model, `${field}.model`),
    adapter: lora === undefined || lora === null ? undefined : readPath(lora, `${field}.lora`),
    architecture: architecture ?? undefined,
  };
}

/** What YAML makes of names like `on` and `2024`. */
const isScalar = (value: unknown): value is boolean | number | bigint =>
  ['boolean', 'number', 'bigint'].includes(typeof value);

/** What `readReference` reads as the same reference: a string unless its paths have characters that join them. */
export function writeReference({ uri, adapter, architecture }: MergekitReference): unknown {
  const paths = adapter === undefined ? [uri] : [uri, adapter];
  if (architecture === undefined && !paths.some((path) => /[+@]/.test(path))) return paths.join('+');
  return {
    model: { path: uri },
    ...(adapter === undefined ? {} : { lora: { path: adapter } }),
    ...(architecture === undefined ? {} : { override_architecture: architecture }),
  };
}

function readPath(value: unknown, field: string): string {
  if (typeof value === 'string') {
    const [path = '', revision, ...more] = value.split('@');
    if (more.length > 0)
      throw invalidInput('WRONG_TYPE', field, 'has more than one @, which joins a revision');
    return withRevision(path, revision, field);
  }
  if (!isFields(value)) throw invalidInput('WRONG_TYPE', field, 'must be a path');
  checkKeys(value, PATH_KEYS, field);
  const { path, revision } = value;
  if (typeof path !== 'string') throw invalidInput('WRONG_TYPE', `${field}.path`, 'must be a string');
  if (revision === undefined || revision === null) return withRevision(path, undefined, field);
  if (typeof revision !== 'string') throw invalidInput('WRONG_TYPE', `${field}.revision`, 'must be a string');
  return withRevision(path, revision, field);
}

function withRevision(path: string, revision: string | undefined, field: string): string {
  if (path === '') throw invalidInput('FIELD_MISSING', field, 'names no model');
  if (revision === undefined) return path;
  return `${path.startsWith('hf:') ? '' : 'hf:'}${path}@${revision}`;
}

function checkKeys(value: Fields, known: readonly string[], field: string): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw invalidInput('UNKNOWN_FIELD', `${field}.${key.slice(0, 64)}`, `is not a field${hint}`);
  }
}
