import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder, requestOf } from '../testing/job-context.js';
import { type TinyTensors, tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  const write = (name: string, more: TinyTensors, config: object = { model_type: 'tiny' }): Promise<string> =>
    writeTinyModel(join(folder, name), tinyLlama(0, 2, more), { num_hidden_layers: 2, ...config });
  const layer = (part: string, shape: number[], layers = [0, 1]): TinyTensors =>
    Object.fromEntries(layers.map((n) => [`model.layers.${n}.${part}`, { value: 1, shape }]));
  await write('a', {});
  await write('b', {});
  await write('wide', layer('mlp.down_proj.weight', [3]));
  await write('biased', layer('mlp.down_proj.bias', [2]));
  await write('pruned', layer('mlp.down_proj.weight', [3], [1]));
  await write('tall', { 'lm_head.weight': { value: 1, shape: [3] } });
  await writeTinyModel(join(folder, 'bare'), tinyLlama(0, 2, layer('mlp.down_proj.weight', [3])), {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function stack(first: string, second: string): Promise<void> {
  const slice = (name: string, layer: number): string =>
    `{sources: [{model: ${name}, layer_range: [${layer}, ${layer + 1}]}]}`;
  const config = `merge_method: passthrough\nslices: [${slice(first, 0)}, ${slice(second, 1)}]`;
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(join(folder, uri)) };
  await mergeKind.validate(requestOf({ mergekit: { config } }), context);
}

const FIRST = 'mergekit.slices[0].sources[0].model, whose config the result gets';
test.each([
  ['wide', 'model.layers.1.mlp.down_proj.weight', `has shape [3], and [2] in ${FIRST}`],
  ['biased', 'model.layers.1.mlp.down_proj.bias', `has no like in the layers of ${FIRST}`],
  ['tall', 'lm_head.weight', `has shape [3], and [2] in ${FIRST}`],
])('layers of one model on those of %s are refused', async (other, tensor, why) => {
  await expect(stack('a', other)).rejects.toMatchObject({
    reason: 'INCOMPATIBLE_MODELS',
    message: `tensor ${JSON.stringify(tensor)} ${why}`,
  });
});

test('a layer without what each layer of the config’s model has is refused', async () => {
  await expect(stack('biased', 'a')).rejects.toMatchObject({
    message: expect.stringContaining('tensor "model.layers.1.mlp.down_proj.bias" is missing') as string,
  });
});

test.each([
  ['a', 'b'],
  // Its own layers differ, so its config has sizes for each, or none.
  ['pruned', 'pruned'],
  ['pruned', 'a'],
  // Without a config nothing says what a layer has to be.
  ['bare', 'a'],
])('layers of %s and %s are stacked', async (first, second) => {
  await expect(stack(first, second)).resolves.toBeUndefined();
});
