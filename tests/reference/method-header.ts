import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

/** What the comment over a method says, as Markdown. */
export interface MethodHeader {
  /** Path from the root of the project. */
  readonly path: string;
  /** After "Deviations:". */
  readonly deviations: string;
  /** After "mergekit:"; empty where both modes do the same. */
  readonly inMergekitMode: string;
  /** After "Checked:". */
  readonly checked: string;
}

/** Each begins a sentence. */
const LABELS = /(?<=^|[.)`] )(Deviations?(?: from [\w ]+)?|mergekit|Checked):\s/;
/** The name of a method and its file may stand for it in another's header. */
const LINK = /`([\w-]+\.ts)`/g;

/** The headers of all methods in the files of some folders, by id. `toRoot` is the way from the document to the root. */
export function methodHeaders(folders: readonly string[], toRoot: string): ReadonlyMap<string, MethodHeader> {
  const headers = new Map<string, MethodHeader>();
  for (const folder of folders) {
    for (const file of readdirSync(folder).filter((name) => /^[\w-]+\.ts$/.test(name))) {
      const path = join(folder, file);
      for (const [id, comment] of commentsIn(path)) {
        headers.set(id, parse(comment, path, `${toRoot}/${folder}`));
      }
    }
  }
  return headers;
}

/** The comments over the constants that have an `id`; where there is none, the one before holds. */
function commentsIn(path: string): [id: string, comment: string][] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: [string, string][] = [];
  let last = '';
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const comments = ts
      .getJSDocCommentsAndTags(statement)
      .map(({ comment }) => ts.getTextOfJSDocComment(comment));
    last = comments.at(-1)?.replace(/\s+/g, ' ') ?? last;
    const id = /\bid: '(\w+)'/.exec(statement.getText())?.[1];
    if (id !== undefined) found.push([id, last]);
  }
  return found;
}

const capital = (text: string): string =>
  (/^[a-z]/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0)) + text.slice(1);

function parse(comment: string, path: string, folder: string): MethodHeader {
  const [, ...parts] = comment.split(LABELS);
  const said = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const label = (parts[i] ?? '').replace(/^Deviation.*/, 'Deviations');
    said.set(label, [said.get(label), parts[i + 1]?.trim()].filter(Boolean).join(' '));
  }
  const cell = (label: string): string =>
    capital(said.get(label) ?? '')
      .replaceAll('|', '\\|')
      .replace(LINK, (_, name: string) => `[\`${name}\`](${folder}/${name})`)
      .trim();
  return {
    path,
    deviations: cell('Deviations'),
    inMergekitMode: cell('mergekit'),
    checked: cell('Checked'),
  };
}
