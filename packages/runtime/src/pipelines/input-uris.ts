import { mapMergekitUris } from '../mergekit/map-references.js';

/**
 * Rewrites every URI that a request reads. By the contract's convention those are the fields `uri`, `…_uri` and `adapters`, and those
 * inside the text of a mergekit configuration; what is written, `output_uri` and `residual_uri` of an init request, is left alone.
 */
export function mapInputUris<T>(
  message: T,
  written: readonly string[],
  map: (uri: string, field: string) => string,
): T {
  return mapFields(message, '', (key, value, path) => {
    if (key === 'config' && /(?:^|\.)mergekit\.config$/.test(path)) {
      const above = path.slice(0, -'mergekit.config'.length);
      return mapMergekitUris(value, (uri, field) => map(uri, above + field));
    }
    return isUriField(key) && !written.includes(path) ? map(value, path) : value;
  }) as T;
}

const isUriField = (key: string): boolean => key === 'uri' || key === 'adapters' || key.endsWith('Uri');

/** Path of a field as the proto spells it. */
const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Path of what holds a oneof, with its dot: a message that is nothing but the oneof `kind` is left out, as in recipes. */
const pathAbove = (path: string): string => path.replace(/(?:[^.]+\.kind|[^.]+)$/, '');

type MapString = (key: string, value: string, path: string) => string;

function mapFields(value: unknown, path: string, map: MapString, key = ''): unknown {
  if (typeof value === 'string') return map(key, value, path);
  if (Array.isArray(value)) {
    return value.map((item, i) => mapFields(item, `${path}[${String(i)}]`, map, key));
  }
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof Date) {
    return value;
  }
  const fields = value as Record<string, unknown>;
  if (typeof fields.$case === 'string') {
    const below = pathAbove(path);
    return { ...fields, value: mapFields(fields.value, below + snake(fields.$case), map, fields.$case) };
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, item]) => [
      name,
      mapFields(item, path === '' ? snake(name) : `${path}.${snake(name)}`, map, name),
    ]),
  );
}
