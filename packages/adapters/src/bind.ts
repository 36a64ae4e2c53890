import type { tf } from '@eigenloom/engine';
import type { AppliedAdapter, HookKind } from '@eigenloom/models';

import { type Parametrisation, type Site, type SiteKind, factorName } from './parametrisation.js';

/** Kinds of modules that have a weight of their own. */
const WEIGHTED: readonly SiteKind[] = ['linear', 'patches', 'norm', 'embedding', 'weight'];

/** An adapter as a pass applies it, with its tensors by `factorName` of the paths in the network. */
export function bindAdapter(
  { hooks, positions }: Parametrisation,
  sites: readonly Site[],
  tensors: ReadonlyMap<string, tf.Tensor>,
): AppliedAdapter {
  const bound: Partial<Record<HookKind, Map<string, unknown>>> = {};
  const add = (kind: HookKind, path: string, hook: unknown): void => {
    (bound[kind] ??= new Map<string, unknown>()).set(path, hook);
  };
  for (const site of sites) {
    const ofSite = (part: string): tf.Tensor => {
      const tensor = tensors.get(factorName(part, site.path)) ?? tensors.get(part);
      if (tensor === undefined) throw new Error(`the adapter has no ${part} for ${site.path}`);
      return tensor;
    };
    const { kind, path } = site;
    // Each hook is given the kind of site that it stands under.
    const hook = kind === 'weight' ? undefined : (hooks[kind] as AnyHook | undefined);
    if (hook !== undefined) add(kind, path, hook(site, ofSite));
    const weight = WEIGHTED.includes(kind) ? (hooks.weight as AnyHook | undefined) : undefined;
    if (weight !== undefined)
      add('weight', kind === 'weight' ? path : `${path}.weight`, weight(site, ofSite));
  }
  return { ...(bound as AppliedAdapter), ...(positions === undefined ? {} : { positions }) };
}

type AnyHook = (site: Site, tensors: (part: string) => tf.Tensor) => unknown;
