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
