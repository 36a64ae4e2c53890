import { parseMergekitDocuments, writeMergekitDocument } from '../yaml/parse-yaml.js';
import { type MergekitReference, readReference, writeReference } from './model-reference.js';

type Fields = Readonly<Record<string, unknown>>;
/** Returns what stands in the place of a reference. */
type Visit = (value: unknown, field: string) => unknown;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether parsed YAML is a configuration of mergekit. */
export const isMergekitDocument = (value: unknown): boolean => isFields(value) && 'merge_method' in value;

/** Path of a document in a request, for errors: `mergekit`, or `mergekit[1]` where there are several. */
export const documentField = (index: number, documents: number): string =>
  documents === 1 ? 'mergekit' : `mergekit[${String(index)}]`;

/**
 * Rewrites every path that a configuration reads: models, adapters, tokenizers. Names of other documents' results are left alone, and
 * so is the text if nothing changes. Throws InvalidInput for what is not YAML; what is no valid reference is for the service to refuse.
 */
export function mapMergekitUris(text: string, map: (uri: string, field: string) => string): string {
  const documents = parseMergekitDocuments(text);
  const named = documents.length > 1 ? documents : [];
  const names = new Set(named.flatMap((each) => (isFields(each) ? [each.name] : [])));
  let changed = false as boolean;
  const visit: Visit = (value, field) => {
    const reference = tryRead(value, field);
    if (reference === undefined) return value;
    const { uri, adapter, architecture } = reference;
    const mapped = {
      uri: names.has(uri) ? uri : map(uri, field),
      adapter: adapter === undefined ? undefined : map(adapter, `${field}.lora`),
      architecture,
    };
    if (mapped.uri === uri && mapped.adapter === adapter) return value;
    changed = true;
    return writeReference(mapped);
  };
  const mapped = documents.map((each, index) =>
    inDocument(each, documentField(index, documents.length), visit),
  );
  return changed ? mapped.map(writeMergekitDocument).join('---\n') : text;
}

function tryRead(value: unknown, field: string): MergekitReference | undefined {
  try {
    return readReference(value, field);
  } catch {
    return undefined;
  }
}

function inDocument(document: unknown, at: string, visit: Visit): unknown {
  const shaped = inMerge(document, at, visit);
  return change(shaped, at, {
    base_model: visit,
    modules: (modules, field) => each(modules, field, (module, below) => inMerge(module, below, visit)),
    tokenizer_source: inSource(visit),
    tokenizer: (value, field) =>
      change(value, field, {
        source: inSource(visit),
        tokens: (tokens, below) => inTokens(tokens, below, visit),
      }),
  });
}

/** What a document and a module have in common. */
function inMerge(value: unknown, at: string, visit: Visit): unknown {
  const inModel: Visit = (model, field) => change(model, field, { model: visit });
  const inSlice: Visit = (slice, field) =>
    change(slice, field, { base_model: visit, sources: (sources, below) => each(sources, below, inModel) });
  return change(value, at, {
    models: (models, field) => each(models, field, inModel),
    slices: (slices, field) => each(slices, field, inSlice),
  });
}

const inSource =
  (visit: Visit): Visit =>
  (value, field) =>
    value === 'union' || value === 'base' ? value : visit(value, field);

/** A token's embedding comes from a model, from a token of a model, or is zero. */
const inTokens = (tokens: unknown, at: string, visit: Visit): unknown =>
  each(tokens, at, (token, field) =>
    change(token, field, {
      source: (source, below) =>
        isFields(source) && 'kind' in source ? change(source, below, { model: visit }) : visit(source, below),
    }),
  );

/** Applies each change to the key of its name, if it is there. */
function change(value: unknown, at: string, changes: Readonly<Record<string, Visit>>): unknown {
  if (!isFields(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const visit = Object.hasOwn(changes, key) ? changes[key] : undefined;
    return [key, visit === undefined || item === null ? item : visit(item, `${at}.${key}`)];
  });
  return Object.fromEntries(entries);
}

function each(value: unknown, at: string, visit: Visit): unknown {
  if (Array.isArray(value)) return value.map((item, index) => visit(item, `${at}[${String(index)}]`));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, `${at}.${key}`)]));
}
