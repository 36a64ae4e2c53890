// Rust source as tokens: enough of the lexer to find items, paths and blocks, inside macros too.

const TOKEN = new RegExp(
  [
    String.raw`(?<skip>\s+|//[^\n]*)`,
    String.raw`(?<comment>/\*)`,
    String.raw`(?<raw>b?r(?<hashes>#*)"[\s\S]*?"\k<hashes>)`,
    String.raw`(?<text>b?"(?:\\[\s\S]|[^"\\])*"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])')`,
    String.raw`(?<lifetime>'[A-Za-z_]\w*)`,
    String.raw`(?<name>r#\w+|[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<number>\d[\w]*)`,
    String.raw`(?<sign>::|[\s\S])`,
  ].join('|'),
  'uy',
);

/** The end of a comment that begins at `start`; comments nest. */
function endOfComment(source, start) {
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    const two = source.slice(at, at + 2);
    if (two === '/*' || two === '*/') {
      depth += two === '/*' ? 1 : -1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return source.length;
}

/** `{ text, line, isName }` of each token; the texts of literals are left out, but for strings. */
export function tokens(source) {
  const found = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const { groups } = TOKEN.exec(source);
    if (groups.comment !== undefined) TOKEN.lastIndex = endOfComment(source, at);
    else if (groups.skip === undefined) {
      const text = source.slice(at, TOKEN.lastIndex);
      const literal = groups.raw ?? groups.text ?? groups.lifetime ?? groups.number;
      found.push({
        text: literal === undefined ? text : `"${text}`,
        line,
        isName: groups.name !== undefined,
      });
    }
    line += source.slice(at, TOKEN.lastIndex).split('\n').length - 1;
  }
  return found;
}

const CLOSES = { '{': '}', '(': ')', '[': ']' };

/** The position of what closes the bracket at `open`. */
export function closing(list, open) {
  let depth = 0;
  for (let at = open; at < list.length; at += 1) {
    if (list[at].text in CLOSES) depth += 1;
    else if (Object.values(CLOSES).includes(list[at].text)) depth -= 1;
    if (depth === 0) return at;
  }
  return list.length - 1;
}
