import type { common } from '@eigenloom/contracts';

import type { Model } from './model.js';
import { type ModelPlaces, type OpenModelOptions, openModel } from './open-model.js';

/** What finds the files of URIs: the context of a request. */
interface Resolver {
  readonly signal: AbortSignal;
  resolve(uri: string, field: string): Promise<string>;
}

/** Where the files of a model that a request names are. */
export interface ResolvedRef {
  readonly path: string;
  /** In order. */
  readonly adapters: readonly string[];
  readonly places: ModelPlaces;
}

export interface OpenedRef extends ResolvedRef {
  readonly model: Model;
}

/** Finds the files of a model that a request names at a field, `models[0].model`. Errors: those of the URIs. */
export async function resolveModelRef(
  ref: common.ModelRef,
  field: string,
  { resolve }: Pick<Resolver, 'resolve'>,
): Promise<ResolvedRef> {
  const places: ModelPlaces = {
    model: { field: `${field}.uri`, uri: ref.uri },
    adapters: ref.adapters.map((uri, index) => ({ field: `${field}.adapters[${index}]`, uri })),
  };
  const path = await resolve(ref.uri, places.model.field);
  const adapters: string[] = [];
  for (const [index, uri] of ref.adapters.entries()) {
    adapters.push(await resolve(uri, `${field}.adapters[${index}]`));
  }
  return { path, adapters, places };
}

/** Opens a model that a request names at a field; errors say which. Errors: those of the URIs and of `openModel`. */
export async function openModelRef(
  ref: common.ModelRef,
  field: string,
  context: Resolver,
  options: Pick<OpenModelOptions, 'label' | 'kinds'> = {},
): Promise<OpenedRef> {
  // The context's own method, which may need its `this`.
  const resolve = (uri: string, at: string): Promise<string> => context.resolve(uri, at);
  const { path, adapters, places } = await resolveModelRef(ref, field, { resolve });
  const model = await openModel(path, { adapters, places, signal: context.signal, ...options });
  return { path, adapters, places, model };
}
