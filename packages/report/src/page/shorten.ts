/** Share of the characters that are left of the gap: names of layers differ at their ends. */
const HEAD = 0.35;

/** A name of at most `most` characters, with a gap in its middle where it was longer. */
export function shorten(name: string, most: number): string {
  const characters = Array.from(name);
  if (characters.length <= most) return name;
  const head = Math.floor(HEAD * (most - 1));
  return `${characters.slice(0, head).join('')}…${characters.slice(head + 1 - most).join('')}`;
}
