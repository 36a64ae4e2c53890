import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import ts from 'typescript';

/** What the comment over a method says, as Markdown. */
export interface MethodHeader {
  /** File name. */
  readonly file: string;
  /** After "Deviations:". */
  readonly deviations: string;
  /** After "mergekit:"; empty where both modes do the same. */
  readonly inMergekitMode: string;
  /** After "Checked:". */
  readonly checked: string;
}

/** Each begins a sentence. */
const LABELS = /(?<=^|[.)`] )(Deviations?|mergekit|Checked):\s/;

/** The comment over the one exported method of a file. */
function commentOf(path: string): string {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const exported = source.statements.filter(
    (statement) =>
      ts.isVariableStatement(statement) &&
      statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true,
  );
  const texts = exported.flatMap((statement) =>
    ts.getJSDocCommentsAndTags(statement).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? ''),
  );
  const last = texts.at(-1);
  if (last === undefined) throw new Error(`${basename(path)}: the method has no comment`);
  return last.replace(/\s+/g, ' ');
}

const capital = (text: string): string =>
  (/^[a-z]/.test(text) ? text.charAt(0).toUpperCase() : text.charAt(0)) + text.slice(1);

/** Reads the header of a method. `link` is the way from the document to the folder of the methods. */
export function methodHeader(folder: string, file: string, link: string): MethodHeader {
  const [, ...parts] = commentOf(join(folder, file)).split(LABELS);
  const said = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const label = (parts[i] ?? '').replace(/^Deviation$/, 'Deviations');
    said.set(label, [said.get(label), parts[i + 1]].filter(Boolean).join(' '));
  }
  const cell = (label: string): string =>
    capital(said.get(label) ?? '')
      .replaceAll('|', '\\|')
      .replace(/`([\w-]+\.ts)`/g, (_, name: string) => `[\`${name}\`](${link}/${name})`)
      .trim();
  return {
    file,
    deviations: cell('Deviations'),
    inMergekitMode: cell('mergekit'),
    checked: cell('Checked'),
  };
}
