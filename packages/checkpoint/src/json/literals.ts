/** Numbers as a file wrote them, by key, where JavaScript would write them differently: `1e-05`, `10000.0`, `NaN`, 2⁶³. */
export type Literals = Readonly<Record<string, string>>;

/**
 * Where an object or list that was read keeps them. A symbol, so that no loop over the keys sees it; enumerable, so that a copy by
 * spread keeps it. A literal speaks only for the value that it was read with: what has changed since is written as it is.
 */
const LITERALS = Symbol('literals');

/** Remembers the numbers of an object or list. */
export function remember(holder: object, literals: Literals): void {
  if (Object.keys(literals).length > 0) {
    Object.defineProperty(holder, LITERALS, { value: literals, enumerable: true, configurable: true });
  }
}

/** How the file wrote a number of an object or list; undefined where it is another number now, or as JavaScript writes it. */
export function literalOf(holder: object, key: string, value: unknown): string | undefined {
  const literals = (holder as { readonly [LITERALS]?: Literals })[LITERALS];
  const literal = literals !== undefined && Object.hasOwn(literals, key) ? literals[key] : undefined;
  return literal !== undefined && Object.is(Number(literal), value) ? literal : undefined;
}

/** A copy of some of an object's entries, with their numbers as the file wrote them. */
export function pickEntries<T extends object>(holder: T, keep: (key: string) => boolean): T {
  const copy = { ...holder };
  for (const key of Object.keys(copy)) if (!keep(key)) Reflect.deleteProperty(copy, key);
  return copy;
}
