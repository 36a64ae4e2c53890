import { mapMergekitUris } from '@eigenloom/runtime';

/** A JSON object: the proto3 JSON of a request, before it is checked. */
export type Document = { readonly [key: string]: unknown };

export const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * `upper` laid over `lower`: objects are merged, everything else is replaced, undefined leaves what is there. Keys of `upper` are in
 * camelCase; `lower` may spell them either way.
 */
export function overlay(lower: Document, upper: Document): Document {
  const given = Object.entries(upper).filter(([, value]) => value !== undefined);
  const spellings = new Map(given.map(([key]) => [snakeCase(key), key]));
  const result = Object.fromEntries(
    Object.entries(lower).map(([key, value]) => [spellings.get(key) ?? key, value]),
  );
  for (const [key, value] of given) {
    const below = result[key];
    result[key] = isDocument(value) ? overlay(isDocument(below) ? below : {}, value) : value;
  }
  return result;
}

/** `document` without undefined values and without objects that hold nothing else; undefined when nothing is left. */
export function defined(document: Document): Document | undefined {
  const entries = Object.entries(document)
    .map(([key, value]) => [key, isDocument(value) ? defined(value) : value] as const)
    .filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const URI_KEYS = /^(uri|adapters|.*(_uri|Uri))$/;

/**
 * Applies `map` to every URI of a request: by the contract's rule these are `uri`, `…_uri` and `adapters`, and those inside the text of a
 * mergekit configuration.
 */
export function mapUris(document: Document, map: (uri: string) => string): Document {
  const visit = (key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item) => visit(key, item));
    if (isDocument(value)) {
      const text = key === 'mergekit' ? value['config'] : undefined;
      return typeof text === 'string'
        ? { ...value, config: mapMergekitUris(text, map) }
        : mapUris(value, map);
    }
    return typeof value === 'string' && value !== '' && URI_KEYS.test(key) ? map(value) : value;
  };
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, visit(key, value)]));
}
