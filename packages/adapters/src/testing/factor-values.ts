import { randomNormals, streamKey } from '@eigenloom/numeric';

import type { FactorValues, Parametrisation, Site, StartSource } from '../parametrisation.js';

/** The weight of a module by its path, row by row: [out, in] of a linear one. */
export type WeightOf = StartSource['weight'];

/** Values as training might leave them: none is zero, and B·A is about as large as a change of a weight is. */
export async function trainedValues(
  parametrisation: Pick<Parametrisation, 'tensors'>,
  sites: readonly Site[],
  weight: WeightOf,
  seed = 3n,
): Promise<FactorValues[]> {
  const trained = new Set(parametrisation.tensors(sites).flatMap((t) => (t.trained ? [t.part] : [])));
  const factors = await startValues(parametrisation, sites, weight);
  return factors.map((factor) => {
    const { part, module, data } = factor;
    const noise = randomNormals(streamKey(seed, part, module ?? ''), data.length, 0.1);
    return trained.has(part) ? { ...factor, data: data.map((value, i) => value + (noise[i] ?? 0)) } : factor;
  });
}

/** Values as the parametrisation starts. */
export const startValues = (
  { tensors }: Pick<Parametrisation, 'tensors'>,
  sites: readonly Site[],
  weight: WeightOf,
): Promise<FactorValues[]> =>
  Promise.all(
    tensors(sites).map(async ({ part, module, shape, start }) => ({
      ...{ part, module, shape },
      data: await start({ seed: 7n, weight }),
    })),
  );
