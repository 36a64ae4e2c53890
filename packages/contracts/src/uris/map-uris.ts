import { mapMergekitUris } from '../mergekit/map-references.js';

/** Returns what stands in the place of a URI. `field` is where the request has it, as the proto spells it: `models[0].model.uri`. */
type MapUri = (uri: string, field: string) => string;

/**
 * Rewrites every URI of a message, or of its proto3 JSON in either spelling, but those at the fields `written`. By the contract's
 * convention URIs are the fields `uri`, `…_uri` and `adapters`, and the paths inside the text of a mergekit configuration. One that is
 * empty is not given.
 */
export function mapUris<T>(request: T, written: readonly string[], map: MapUri): T {
  return mapStrings(request, '', (key, value, path) => {
    if (key === 'config' && /(?:^|\.)mergekit\.config$/.test(path)) {
      const above = path.slice(0, -'mergekit.config'.length);
      return mapMergekitUris(value, (uri, field) => map(uri, above + field));
    }
    return value !== '' && isUriField(key) && !written.includes(path) ? map(value, path) : value;
  }) as T;
}

const isUriField = (key: string): boolean => /^(?:uri|adapters|.*(?:Uri|_uri))$/.test(key);

/** Path of a field as the proto spells it. */
const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Path of what holds a oneof, with its dot: a message that is nothing but the oneof `kind` is left out, as in recipes. */
const pathAbove = (path: string): string => path.replace(/(?:[^.]+\.kind|[^.]+)$/, '');

type MapString = (key: string, value: string, path: string) => string;

function mapStrings(value: unknown, path: string, map: MapString, key = ''): unknown {
  if (typeof value === 'string') return map(key, value, path);
  if (Array.isArray(value)) {
    return value.map((item, i) => mapStrings(item, `${path}[${String(i)}]`, map, key));
  }
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof Date) {
    return value;
  }
  const fields = value as Record<string, unknown>;
  if (typeof fields.$case === 'string') {
    const below = pathAbove(path);
    return { ...fields, value: mapStrings(fields.value, below + snake(fields.$case), map, fields.$case) };
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, item]) => [
      name,
      mapStrings(item, path === '' ? snake(name) : `${path}.${snake(name)}`, map, name),
    ]),
  );
}
