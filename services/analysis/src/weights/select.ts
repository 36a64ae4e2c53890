import { closest } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';

/** Whether a name matches a pattern in which `*` stands for anything. Linear in both lengths for each star. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  const tail = rest.pop() ?? '';
  if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - tail.length) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * Names that one of the patterns matches, with or without `.weight`; all of them when there is no pattern. `field` has the patterns.
 * Errors: `PATTERN_MATCHES_NOTHING` with names that were perhaps meant.
 */
export function selectTensors(
  names: readonly string[],
  patterns: readonly string[],
  field: string,
): string[] {
  if (patterns.length === 0) return [...names];
  const short = (name: string): string => name.replace(/\.weight$/, '');
  const chosen = new Set<string>();
  patterns.forEach((pattern, index) => {
    const hits = names.filter(
      (name) => matchesPattern(pattern, name) || matchesPattern(pattern, short(name)),
    );
    if (hits.length === 0) throw matchesNothing(pattern, `${field}[${index}]`, names.map(short));
    for (const hit of hits) chosen.add(hit);
  });
  return names.filter((name) => chosen.has(name));
}

function matchesNothing(pattern: string, field: string, names: readonly string[]): Error {
  const parts = new Set(names.flatMap((name) => [name, name.slice(name.lastIndexOf('.') + 1)]));
  const near = closest(pattern.replaceAll('*', '').replace(/^\.|\.$/g, ''), parts);
  const hint =
    near.length === 0 ? '' : `; did you mean ${near.map((name) => JSON.stringify(name)).join(' or ')}?`;
  return invalidInput(
    'PATTERN_MATCHES_NOTHING',
    field,
    `${JSON.stringify(pattern)} matches no tensor${hint}`,
  );
}
