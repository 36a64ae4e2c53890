import { invalidInput } from '@eigenloom/errors';

import type { MergekitDocument } from './document.js';
import type { Located } from './located.js';
import type { OutputPart } from './read-part.js';

/** The models of a document, in the order in which it names them, the base first. */
export function referencesOf({ base, output }: MergekitDocument): Located[] {
  const parts =
    output instanceof Map
      ? [...(output as ReadonlyMap<string, OutputPart>).values()]
      : [output as OutputPart];
  const inParts = parts.flatMap(({ content }) =>
    content.kind === 'models'
      ? content.models.map(({ model }) => model)
      : content.slices.flatMap((slice) => [
          ...(slice.base === undefined ? [] : [slice.base]),
          ...slice.sources.map(({ model }) => model),
        ]),
  );
  return base === undefined ? inParts : [base, ...inParts];
}

/** Whose config and tokenizer the result has when there is no base. */
export function firstReference(document: MergekitDocument): Located {
  const [first] = referencesOf(document);
  if (first === undefined) throw invalidInput('FIELD_MISSING', document.at, 'names no model');
  return first;
}
