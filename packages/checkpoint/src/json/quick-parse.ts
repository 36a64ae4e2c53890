import { remember } from './literals.js';

/**
 * JSON by the engine's own parser, which is several times as fast as the scanner on a tokenizer.json of 20 MB; undefined where the
 * scanner must look: at what is no JSON, nested deeper than `maxDepth`, or has a key twice. Numbers that JavaScript would write
 * otherwise pass the parser as strings behind a mark and become numbers again, each remembering how it was written.
 */
export function quickParse(text: string, maxDepth: number): { readonly value: unknown } | undefined {
  if (text.includes(MARK)) return undefined;
  const { marked, keys, numbers } = survey(text);
  let root: unknown;
  try {
    root = JSON.parse(marked);
  } catch {
    return undefined;
  }
  const holder = { root };
  const found = new Restoring(maxDepth);
  found.visit(holder, 0);
  // The holder's own key is one. A number in the place of a key, and a key that stands twice, are missing in what was parsed.
  return found.isShallow && found.keys === keys + 1 && found.numbers === numbers
    ? { value: holder.root }
    : undefined;
}

/** For private use in Unicode: no text of a model has it. */
const MARK = '\ue000';
const MARK_CODE = 0xe000;

const [QUOTE, BACKSLASH, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x3a, 0x2d, 0x30, 0x39];
const [UPPER_I, UPPER_N] = [0x49, 0x4e];
/** What may follow a number: a blank, a comma, a bracket. */
const isEnd = (code: number): boolean => code <= 0x20 || code === 0x2c || code === 0x5d || code === 0x7d;
const NUMBER = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/;

/** The text with its odd numbers marked, and how many of them and how many keys it has. */
function survey(text: string): { marked: string; keys: number; numbers: number } {
  const parts: string[] = [];
  let [keys, numbers, from] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COLON) {
      keys += 1;
    } else if ((code >= ZERO && code <= NINE) || code === MINUS || code === UPPER_I || code === UPPER_N) {
      const end = endOfNumber(text, at);
      const literal = text.slice(at, end);
      if (!isAsWritten(literal) && NUMBER.test(literal)) {
        parts.push(text.slice(from, at), `"${MARK}${literal}"`);
        numbers += 1;
        from = end;
      }
      at = end - 1;
    }
  }
  return { marked: numbers === 0 ? text : parts.join('') + text.slice(from), keys, numbers };
}

/** Whether JavaScript writes a number so; `NaN` it writes in no JSON. */
const isAsWritten = (literal: string): boolean =>
  String(Number(literal)) === literal && Number.isFinite(Number(literal));

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && !isEnd(text.charCodeAt(end))) end += 1;
  return end;
}

/** Position of the quote that ends a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 0) return quote;
  }
  return text.length;
}

/** Goes through what was parsed, counts its keys, and makes marked strings numbers again. */
class Restoring {
  keys = 0;
  numbers = 0;
  isShallow = true;

  constructor(private readonly maxDepth: number) {}

  visit(holder: object, depth: number): void {
    if (depth > this.maxDepth + 1) {
      this.isShallow = false;
      return;
    }
    let literals: Record<string, string> | undefined;
    const see = (key: string | number, value: unknown): void => {
      if (typeof value === 'object') {
        if (value !== null) this.visit(value, depth + 1);
      } else if (typeof value === 'string' && value.charCodeAt(0) === MARK_CODE) {
        const literal = value.slice(MARK.length);
        Object.defineProperty(holder, key, { ...PLAIN, value: Number(literal) });
        literals ??= {};
        literals[key] = literal;
        this.numbers += 1;
      }
    };
    if (Array.isArray(holder)) {
      for (let i = 0; i < holder.length; i += 1) see(i, holder[i]);
    } else {
      for (const key of Object.keys(holder)) {
        this.keys += 1;
        see(key, (holder as Readonly<Record<string, unknown>>)[key]);
      }
    }
    if (literals !== undefined) remember(holder, literals);
  }
}

/** As assignment makes it; `__proto__` is a key like any other here. */
const PLAIN = { enumerable: true, configurable: true, writable: true };
