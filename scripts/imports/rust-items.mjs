// What a Rust module says: the modules that it declares, what it uses, what it defines, its paths and its functions.
import { closing, tokens } from './rust-tokens.mjs';

const DEFINES = new Set(['fn', 'struct', 'enum', 'trait', 'type', 'const', 'static', 'union', 'macro_rules']);

/** The leaves of a `use` tree from the position `at`: paths with the names that they get. */
function useTree(list, at, prefix, leaves) {
  const path = [...prefix];
  for (;;) {
    const { text } = list[at];
    if (text === '{') {
      at += 1;
      while (list[at].text !== '}') {
        at = useTree(list, at, path, leaves);
        if (list[at].text === ',') at += 1;
      }
      return at + 1;
    }
    if (text === '*') {
      leaves.push({ path, name: '*' });
      return at + 1;
    }
    at += 1;
    if (text === '::') continue;
    path.push(text);
    if (list[at].text === '::') continue;
    if (path.at(-1) === 'self' && path.length > 1) path.pop();
    let name = path.at(-1);
    if (list[at].text === 'as') {
      name = list[at + 1].text;
      at += 2;
    }
    leaves.push({ path, name });
    return at;
  }
}

/** The end of the function that the `fn` at a position begins. */
function endOfFunction(list, at) {
  for (let end = at; end < list.length; end += 1) {
    const { text } = list[end];
    if (text === ';') return end;
    if (text === '{') return closing(list, end);
    if (text === '(' || text === '[') end = closing(list, end);
  }
  return list.length - 1;
}

/** The end of the item that follows an attribute. */
function endOfItem(list, at) {
  for (let end = at; end < list.length; end += 1) {
    const { text } = list[end];
    if (text === ';') return end;
    if (text === '{') {
      const close = closing(list, end);
      // `use a::{b};`
      return list[close + 1]?.text === ';' ? close + 1 : close;
    }
    if (text === '(' || text === '[') end = closing(list, end);
  }
  return list.length - 1;
}

const isTestOnly = (attribute) => /^cfg\((all\()?test\b/.test(attribute);

/**
 * Reads a module into `{ name, children, uses, defined, paths, functions }`. `children` are modules of the same kind where they are
 * inline, else `{ name, path }`. Items for tests alone are left out.
 */
function readModule(list, from, to, name) {
  const module = { name, children: [], uses: [], defined: new Set(), paths: [], functions: [] };
  let path;
  let at = from;
  const handlers = {
    '#': () => {
      const open = list[at + 1].text === '!' ? at + 2 : at + 1;
      if (list[open]?.text !== '[') return at + 1;
      const end = closing(list, open);
      const attribute = list.slice(open + 1, end).map((token) => token.text);
      if (isTestOnly(attribute.join('')) && open === at + 1) return endOfItem(list, end + 1) + 1;
      if (attribute[0] === 'path') path = attribute[2].slice(2, -1);
      return end + 1;
    },
    mod: () => {
      const child = list[at + 1].text;
      if (list[at + 2].text === ';') {
        module.children.push({ name: child, path });
        path = undefined;
        return at + 3;
      }
      const end = closing(list, at + 2);
      module.children.push(readModule(list, at + 3, end, child));
      return end + 1;
    },
    use: () => useTree(list, at + 1, [], module.uses),
  };
  while (at < to) {
    const { text, line, isName } = list[at];
    if (Object.hasOwn(handlers, text)) {
      at = handlers[text]();
      continue;
    }
    if (DEFINES.has(text)) {
      const defined = list[list[at + 1].text === '!' ? at + 2 : at + 1];
      if (defined.isName) module.defined.add(defined.text);
      if (text === 'fn' && defined.isName) {
        const lines = list[endOfFunction(list, at)].line - line + 1;
        module.functions.push({ name: defined.text, line, lines });
      }
    }
    if (!isName) {
      at += 1;
      continue;
    }
    const segments = [text];
    while (list[at + 1]?.text === '::' && list[at + 2]?.isName) {
      segments.push(list[at + 2].text);
      at += 2;
    }
    if (segments.length > 1) module.paths.push(segments);
    at += 1;
  }
  return module;
}

/** What a file says. */
export function readSource(source) {
  const list = tokens(source);
  return readModule(list, 0, list.length, '');
}
