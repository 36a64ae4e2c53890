import { invalidInput } from '@eigenloom/errors';
import type { ScalarTag } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

/** What a merge key is until the document is read: no key of a file can be the same, for YAML has no such character. */
const MERGE = '\0<<';

/** A plain `<<` as the key of a mapping. */
export const MERGE_TAG: ScalarTag = {
  default: 'key',
  tag: 'tag:yaml.org,2002:merge',
  test: /^<<$/,
  identify: (value) => value === MERGE,
  resolve: () => MERGE,
  stringify: () => '<<',
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Puts what merge keys name into their mappings: a mapping, or a list of mappings of which the first that has a key holds; what stands in
 * the mapping itself wins. Every object is looked at once, however often aliases name it. Throws InvalidInput `YAML_INVALID`.
 */
export function withMergedKeys(value: unknown): unknown {
  const known = new Map<unknown, unknown>();
  const visit = (item: unknown, at: string): unknown => {
    if (item === MERGE) return '<<';
    if (typeof item !== 'object' || item === null) return item;
    const found = known.get(item);
    if (found !== undefined) return found;
    const made = Array.isArray(item)
      ? item.map((each, index) => visit(each, `${at}[${String(index)}]`))
      : mergeInto(item as Fields, at, visit);
    known.set(item, made);
    return made;
  };
  return visit(value, 'recipe');
}

function mergeInto(fields: Fields, at: string, visit: (item: unknown, at: string) => unknown): Fields {
  const own = Object.entries(fields)
    .filter(([key]) => key !== MERGE)
    .map(([key, item]): [string, unknown] => [key, visit(item, `${at}.${key.slice(0, 64)}`)]);
  if (!Object.hasOwn(fields, MERGE)) return Object.fromEntries(own);
  const merged = visit(fields[MERGE], `${at}.<<`);
  const sources: readonly unknown[] = Array.isArray(merged) ? merged : [merged];
  const entries = [...sources].reverse().flatMap((source) => {
    if (isFields(source)) return Object.entries(source);
    throw invalidInput(
      'YAML_INVALID',
      `${at}.<<`,
      'merges a mapping, or a list of mappings, and this is neither',
    );
  });
  return Object.fromEntries([...entries, ...own]);
}
