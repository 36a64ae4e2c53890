import { type Model, type OpenModelOptions, openModel as openPlain } from '@eigenloom/checkpoint';

import { ADAPTER_KINDS } from './fold-kind.js';

/** Opens a model as `openModel` of the checkpoint package does, with adapters of every kind folded in. */
export const openModel = (path: string, options: Omit<OpenModelOptions, 'kinds'> = {}): Promise<Model> =>
  openPlain(path, { ...options, kinds: ADAPTER_KINDS });
