import { mapMergekitUris } from '@eigenloom/runtime';

/** A JSON object: the proto3 JSON of a request, before it is checked. */
export type Document = { readonly [key: string]: unknown };

export const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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
