/** A piece of JSON: a bracket, comma or colon as itself. */
export type TokenKind = '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'number' | 'word' | 'bad' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the file; of a bad one, what is wrong with it. */
  readonly text: string;
  readonly start: number;
}

const BLANKS = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
/** Words of JSON and of Python, and what else people write. */
const WORD = /-?[\w.+'-]+/y;

/** Cuts JSON into tokens. */
export class JsonScanner {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Past the end it stays there. */
  next(): Token {
    this.match(BLANKS);
    const start = this.at;
    const first = this.text[start];
    if (first === undefined) return { kind: 'end', text: '', start };
    if (first === '"') return this.string(start);
    if ('{}[],:'.includes(first)) {
      this.at += 1;
      return { kind: first as TokenKind, text: first, start };
    }
    const number = this.match(NUMBER);
    if (number !== '') return { kind: 'number', text: number, start };
    const word = this.match(WORD);
    if (word !== '') return { kind: 'word', text: word, start };
    const comment = /^(?:\/[/*]|#)/.test(this.text.slice(start, start + 2));
    return { kind: 'bad', text: comment ? 'a comment, which JSON does not have' : quoted(first), start };
  }

  /** From 1. */
  lineOf(offset: number): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < offset; at = this.text.indexOf('\n', at + 1)) {
      line += 1;
    }
    return line;
  }

  private string(start: number): Token {
    let end = start + 1;
    for (; ; end += 1) {
      const quote = this.text.indexOf('"', end);
      if (quote < 0) return { kind: 'bad', text: 'a string that does not end', start };
      end = quote;
      let slashes = 0;
      while (this.text[quote - 1 - slashes] === '\\') slashes += 1;
      if (slashes % 2 === 0) break;
    }
    this.at = end + 1;
    return { kind: 'string', text: this.text.slice(start, end + 1), start };
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}

export const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));
