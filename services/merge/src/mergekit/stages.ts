import { documentField, merge, parseMergekitDocuments } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';

import type { Stage, Stages } from '../plan/stages.js';
import { type MergekitDocument, readDocument } from './document.js';
import { Inputs } from './inputs.js';
import { type DocumentSetting, planDocument } from './plan-document.js';
import { referencesOf } from './references.js';

/** More than any graph of merges that someone wrote. */
const MAX_DOCUMENTS = 64;

/**
 * The merges of a configuration: one for each document. A document that names another's result waits for it; the unnamed one, or the
 * last when all have names, makes the result of the request. Errors: InvalidInput naming the place.
 */
export function mergekitStages(text: string, request: merge.MergeRequest, context: RequestContext): Stages {
  const values = parseMergekitDocuments(text);
  if (values.length === 0) throw invalidInput('FIELD_MISSING', 'mergekit.config', 'is empty');
  if (values.length > MAX_DOCUMENTS) {
    throw invalidInput('OUT_OF_RANGE', 'mergekit.config', `has more than ${MAX_DOCUMENTS} documents`);
  }
  const documents = values.map((value, index) => readDocument(value, documentField(index, values.length)));
  const inputs = new Inputs(context);
  const mode = request.mode === merge.MergeMode.PAPER ? 'paper' : 'mergekit';
  const setting: DocumentSetting = { request, mode, inputs, context };
  const stages = inOrder(documents).map(({ document, needs }): Stage => {
    return {
      name: document.name ?? '',
      needs,
      plan: (results) => planDocument(document, results, setting),
    };
  });
  return { stages, inputs: () => inputs.read() };
}

interface Node {
  readonly document: MergekitDocument;
  readonly needs: ReadonlySet<string>;
}

function inOrder(documents: readonly MergekitDocument[]): Node[] {
  const [only] = documents;
  // As in mergekit, the name of a single merge means nothing.
  if (documents.length === 1 && only !== undefined) {
    return [{ document: { ...only, name: undefined }, needs: new Set() }];
  }
  const names = namesOf(documents);
  const output = documents.find(({ name }) => name === undefined) ?? documents.at(-1);
  const nodes = documents.map((document): Node => {
    const source = document.tokenizer?.source;
    const tokenizer = source === undefined || typeof source === 'string' ? [] : [source];
    const read = [...referencesOf(document), ...tokenizer].map(({ uri }) => uri);
    return { document, needs: new Set(read.filter((uri) => names.has(uri))) };
  });
  const ordered: Node[] = [];
  const visit = (node: Node, above: readonly Node[]): void => {
    if (ordered.includes(node)) return;
    if (above.includes(node)) {
      throw invalidInput('MERGE_CYCLE', node.document.at, 'needs its own result');
    }
    for (const name of node.needs) {
      const needed = nodes.find(({ document }) => document.name === name);
      if (needed !== undefined) visit(needed, [...above, node]);
    }
    ordered.push(node);
  };
  for (const node of nodes) if (node.document === output) visit(node, []);
  const unused = nodes.find((node) => !ordered.includes(node));
  if (unused !== undefined) {
    throw invalidInput('RESULT_UNUSED', unused.document.at, 'no other document needs its result');
  }
  return ordered;
}

function namesOf(documents: readonly MergekitDocument[]): Set<string> {
  const names = new Set<string>();
  let unnamed = 0;
  for (const { at, name } of documents) {
    if (name === undefined) unnamed += 1;
    else if (names.has(name)) throw invalidInput('FIELD_DUPLICATE', `${at}.name`, 'another document has it');
    else names.add(name);
    if (unnamed > 1) throw invalidInput('FIELD_MISSING', `${at}.name`, 'only one document can do without');
  }
  return names;
}
