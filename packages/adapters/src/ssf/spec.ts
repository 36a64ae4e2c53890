import type { AdapterTensor, Site, SiteKind } from '../parametrisation.js';

/** The tensors of a module: γ and β. */
export type SsfPart = 'ssf_scale' | 'ssf_shift';

export const PLACES = ['linear', 'norm'] as const satisfies readonly SiteKind[];

/** γ = 1 and β = 0, each [out] of a linear module and [size] of a norm: the network is unchanged at the start. */
export const tensorsOf = (sites: readonly Site[]): AdapterTensor<SsfPart>[] =>
  sites.flatMap((site): AdapterTensor<SsfPart>[] => {
    if (site.kind !== 'linear' && site.kind !== 'norm') return [];
    const size = site.kind === 'linear' ? site.out : site.size;
    const vector = (part: SsfPart, value: number): AdapterTensor<SsfPart> => ({
      ...{ part, module: site.path, shape: [size], trained: true },
      start: () => new Float32Array(size).fill(value),
    });
    return [vector('ssf_scale', 1), vector('ssf_shift', 0)];
  });
