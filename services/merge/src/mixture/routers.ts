import { join } from 'node:path';

import { merge } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import { loadTokenizer } from '@eigenloom/models';
import { randomNormal, svd } from '@eigenloom/numeric';
import type { JobContext } from '@eigenloom/runtime';

import type { Mixture } from '../methods/mixture-of-experts.js';
import { pathsOf } from '../plan/model-paths.js';
import type { HiddenTask } from './hidden-worker.js';
import type { MixturePlan } from './plan.js';
import { tokenizePrompt } from './prompts.js';

const HIDDEN_WORKER = join(__dirname, 'hidden-worker.js');
/** As in mergekit. */
const SMALLEST_NORM = 1e-8;
const LARGEST_CONDITION = 5;
/** Longest prompt where the config names no largest position. */
const DEFAULT_POSITIONS = 2048;

/** The routers by name, (experts, hidden) row by row. */
export async function routersOf(
  plan: MixturePlan,
  method: Mixture,
  context: JobContext,
): Promise<Map<string, Float64Array>> {
  const { routers, models, hiddenSize, seed } = plan;
  if (method.gateMode === merge.GateMode.RANDOM) {
    const drawn = routers.map(async (name, layer) => {
      const length = models.length * hiddenSize;
      const values = await randomNormal({ seed, stream: BigInt(layer), length, precision: 'f64' });
      return [name, values] as const;
    });
    return new Map(await Promise.all(drawn));
  }
  const directions = await directionsOf(plan, method, context);
  return new Map(
    routers.map((name, layer) => {
      const gate = new Float64Array(models.length * hiddenSize);
      for (const [expert, direction] of directions.entries()) {
        gate.set(unit(direction.subarray(layer * hiddenSize, (layer + 1) * hiddenSize)), expert * hiddenSize);
      }
      return [name, gate];
    }),
  );
}

/** For each expert a direction in each layer: [layers·hidden]. */
async function directionsOf(
  plan: MixturePlan,
  { gateMode, prompts }: Mixture,
  context: JobContext,
): Promise<readonly Float64Array[]> {
  if (gateMode === merge.GateMode.CHEAP_EMBED) return embeddingDirections(plan, prompts, context);
  const task: HiddenTask = {
    base: pathsOf(plan.base),
    tokenizerFolder: plan.donor.directory,
    experts: prompts.map(({ positive, negative }) => ({ positive, negative })),
    state: gateMode === merge.GateMode.HIDDEN_LAST ? 'last' : 'average',
  };
  return runOnEngine<HiddenTask, Float64Array[]>(HIDDEN_WORKER, task, {
    signal: context.signal,
    onProgress: (update) => {
      context.progress({ ...update, fraction: 0.5 * (update.fraction ?? 0) });
    },
  });
}

/** Sums of token embeddings, each of length 1; positive minus negative. The same in each layer. */
async function embeddingDirections(
  { base, donor, hiddenSize, layers }: MixturePlan,
  prompts: readonly merge.ExpertPrompts[],
  { signal }: JobContext,
): Promise<Float64Array[]> {
  const tokenizer = await loadTokenizer(donor.directory);
  const table = await base.model.read('model.embed_tokens.weight', 'f32', { signal });
  const said = base.model.config['max_position_embeddings'];
  const longest = typeof said === 'number' ? said : DEFAULT_POSITIONS;
  const direction = (texts: readonly string[]): Float64Array => {
    const sum = new Float64Array(hiddenSize);
    for (const text of texts) {
      for (const id of tokenizePrompt(tokenizer, text, longest)) {
        if ((id + 1) * hiddenSize > table.length) throw outOfRange(id);
        for (let i = 0; i < hiddenSize; i += 1) sum[i] = (sum[i] ?? 0) + (table[id * hiddenSize + i] ?? 0);
      }
    }
    return unit(sum);
  };
  return prompts.map(({ positive, negative }) => {
    const towards = direction(positive);
    const away = negative.length === 0 ? new Float64Array(hiddenSize) : direction(negative);
    const one = towards.map((value, i) => value - (away[i] ?? 0));
    const all = new Float64Array(layers * hiddenSize);
    for (let layer = 0; layer < layers; layer += 1) all.set(one, layer * hiddenSize);
    return all;
  });
}

const outOfRange = (id: number): Error =>
  incompatible('TOKEN_OUT_OF_RANGE', `token id ${id} lies outside the embedding of the base`);

function unit(values: Float64Array): Float64Array {
  const norm = Math.max(Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0)), SMALLEST_NORM);
  return values.map((value) => value / norm);
}

/** Layers whose router hardly tells the experts apart: its condition number is above 5, as mergekit warns of. */
export async function degenerateLayers(
  { routers, models, hiddenSize }: MixturePlan,
  values: ReadonlyMap<string, Float64Array>,
): Promise<number[]> {
  const layers: number[] = [];
  for (const [layer, name] of routers.entries()) {
    const gate = { rows: models.length, columns: hiddenSize, data: values.get(name) ?? new Float64Array() };
    const { s } = await svd(gate, { vectors: 'none' });
    if ((s[0] ?? 0) > LARGEST_CONDITION * (s.at(-1) ?? 0)) layers.push(layer);
  }
  return layers;
}
