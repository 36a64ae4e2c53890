import {
  type Model,
  type OpenModelOptions,
  openModel as openWith,
  openModelRef as openRefWith,
  plannedFold as plannedFoldWith,
} from '@eigenloom/checkpoint';

import { ADAPTER_KINDS } from './fold-kind.js';

/** Opens a model as `openModel` of the checkpoint package does, with adapters of every kind folded in. */
export const openModel = (path: string, options: Omit<OpenModelOptions, 'kinds'> = {}): Promise<Model> =>
  openWith(path, { ...options, kinds: ADAPTER_KINDS });

/** Opens a model that a request names as `openModelRef` of the checkpoint package does, with adapters of every kind folded in. */
export const openModelRef = (
  ref: Parameters<typeof openRefWith>[0],
  field: string,
  context: Parameters<typeof openRefWith>[2],
  options: Pick<OpenModelOptions, 'label'> = {},
): ReturnType<typeof openRefWith> => openRefWith(ref, field, context, { ...options, kinds: ADAPTER_KINDS });

/** A model that has not been made yet with an adapter, as `plannedFold` of the checkpoint package has it, of every kind. */
export const plannedFold = (
  model: Model,
  adapter: Parameters<typeof plannedFoldWith>[1],
  options: Omit<OpenModelOptions, 'kinds'> = {},
): Promise<Model> => plannedFoldWith(model, adapter, { ...options, kinds: ADAPTER_KINDS });
