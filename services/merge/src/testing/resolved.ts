import { parseMergekitDocuments } from '@eigenloom/contracts';

import { contextIn } from './job-context.js';
import { readDocument } from '../mergekit/document.js';
import { Inputs } from '../mergekit/inputs.js';
import { type ResolvedDocument, resolveDocument } from '../mergekit/plan-document.js';

/** The only document of a configuration, resolved with the models in a folder. */
export function resolved(
  folder: string,
  text: string,
  mode: 'paper' | 'mergekit' = 'mergekit',
): Promise<ResolvedDocument> {
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(`${folder}/${uri}`) };
  const [value] = parseMergekitDocuments(text);
  return resolveDocument(readDocument(value, 'mergekit'), mode, new Inputs(context), new Map());
}

/** For each tensor of the result: its sources as `model tensor`, and their parameters. */
export const layout = ({ tensors }: ResolvedDocument): Record<string, readonly string[]> =>
  Object.fromEntries(
    tensors.map(({ name, sources, origin }) => [
      name,
      [...(origin === undefined ? [] : [{ ...origin, parameters: undefined }]), ...sources].map(
        ({ source, tensor, parameters }) =>
          `${source.input.path.replace(/.*\//, '')} ${tensor.name}${parameters === undefined ? ' (origin)' : ''}`,
      ),
    ]),
  );
