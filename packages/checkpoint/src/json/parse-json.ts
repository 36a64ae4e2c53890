import { corruptData } from '@eigenloom/errors';

import { JsonScanner, type Token, type TokenKind, quoted } from './json-scanner.js';
import { remember } from './literals.js';
import { quickParse } from './quick-parse.js';

/** Deeper than any config; a stack overflow would be no message. */
const MAX_DEPTH = 200;

/**
 * Reads JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers, and every number remembers how it was written, for
 * `sortedJson`. A key that stands twice with two values is refused, for readers differ on which of them holds. `file` is a base name,
 * `firstLine` the line of the file that the text begins in. Errors: `CORRUPT_JSON`, with the line and what was found.
 */
export function parseJson(text: string, file: string, firstLine = 1): unknown {
  const quick = quickParse(text, MAX_DEPTH);
  return quick === undefined ? new Parser(text, file, firstLine).whole() : quick.value;
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
/** Numbers of Python that JSON does not have. */
const NON_FINITE: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Text that stands in JSON as it is. */
const PLAIN = /^[^\\\u0000-\u001f]*$/;

/** A value with its text where JavaScript would write it otherwise. */
interface Read {
  readonly value: unknown;
  readonly literal?: string;
}

class Parser {
  private readonly scanner: JsonScanner;
  private token: Token;

  constructor(
    text: string,
    private readonly file: string,
    private readonly firstLine: number,
  ) {
    this.scanner = new JsonScanner(text);
    this.token = this.scanner.next();
  }

  whole(): unknown {
    const { value } = this.value(0);
    if (!this.is('end')) throw this.wrong(`${this.found()} follows the end of the value`);
    return value;
  }

  private is(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  private next(): void {
    this.token = this.scanner.next();
  }

  private value(depth: number): Read {
    if (depth > MAX_DEPTH) throw this.wrong(`nested deeper than ${MAX_DEPTH} levels`);
    const { kind, text } = this.token;
    if (kind === '{') return { value: this.object(depth) };
    if (kind === '[') return { value: this.list(depth) };
    if (kind === 'string') return this.taken(this.string());
    if (kind === 'number' || NON_FINITE.has(text)) return this.number(text);
    if (kind === 'word' && WORDS.has(text)) return this.taken(WORDS.get(text));
    throw this.wrong(`${this.found()} where a value belongs`);
  }

  private taken(value: unknown): Read {
    this.next();
    return { value };
  }

  private number(text: string): Read {
    const value = Number(text);
    this.next();
    return JSON.stringify(value) === text ? { value } : { value, literal: text };
  }

  private string(): string {
    const inner = this.token.text.slice(1, -1);
    if (PLAIN.test(inner)) return inner;
    try {
      return JSON.parse(this.token.text) as string;
    } catch {
      throw this.wrong(`${quoted(this.token.text)} has a control character or an escape that JSON lacks`);
    }
  }

  private object(depth: number): object {
    const opened = this.token;
    const entries = new Map<string, unknown>();
    const literals: Record<string, string> = {};
    this.next();
    while (!this.is('}')) {
      if (!this.is('string')) throw this.expected('a key in double quotes', opened);
      const key = this.string();
      const { start } = this.token;
      this.next();
      if (this.token.kind !== ':') throw this.expected('a colon after the key', opened);
      this.next();
      const { value, literal } = this.value(depth + 1);
      if (entries.has(key) && JSON.stringify(entries.get(key)) !== JSON.stringify(value)) {
        throw this.wrong(`the key ${quoted(key)} stands twice, with two values`, start);
      }
      entries.set(key, value);
      if (literal !== undefined) literals[key] = literal;
      this.separator('}', opened);
    }
    this.next();
    const object = Object.fromEntries(entries);
    remember(object, literals);
    return object;
  }

  private list(depth: number): unknown[] {
    const opened = this.token;
    const items: unknown[] = [];
    const literals: Record<string, string> = {};
    this.next();
    while (!this.is(']')) {
      if (this.is('end')) throw this.expected('a value', opened);
      const { value, literal } = this.value(depth + 1);
      if (literal !== undefined) literals[String(items.length)] = literal;
      items.push(value);
      this.separator(']', opened);
    }
    this.next();
    remember(items, literals);
    return items;
  }

  /** The comma after an entry, or the bracket that ends all. */
  private separator(end: '}' | ']', opened: Token): void {
    if (this.is(end)) return;
    if (!this.is(',')) throw this.expected('a comma', opened);
    const comma = this.token.start;
    this.next();
    if (this.token.kind === end) throw this.wrong(`a comma before ${end}`, comma);
  }

  private expected(what: string, opened: Token): Error {
    const [whole, end] = opened.kind === '{' ? ['the object', '}'] : ['the list', ']'];
    if (!this.is('end')) return this.wrong(`${this.found()} instead of ${what} or ${end}`);
    const line = this.lineOf(opened.start);
    return this.wrong(`it ends inside ${whole} that begins in line ${line}; is it cut off?`);
  }

  private found(): string {
    const { kind, text } = this.token;
    if (kind === 'end') return 'the end';
    return kind === 'bad' ? text : quoted(kind === 'string' ? text.slice(1, -1) : text);
  }

  private wrong(why: string, offset = this.token.start): Error {
    const line = String(this.lineOf(offset));
    return corruptData('CORRUPT_JSON', `${this.file}:${line}: ${why}`, {
      details: { file: this.file, line },
    });
  }

  private lineOf(offset: number): number {
    return this.scanner.lineOf(offset) + this.firstLine - 1;
  }
}
