import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel, readAdapter } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { setBackend, tf } from '@eigenloom/engine';
import { loadNetwork, makeBatch } from '@eigenloom/models';
import { SafetensorsFile } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, model, newFolder, peftGolden, polyGolden, requestOf } from '../testing/job-context.js';
import { modulesOf } from '../testing/reports.js';

let folder: string;
beforeAll(async () => {
  await setBackend('cpu');
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (paths: readonly string[], method: object, name: string): merge.MergeRequest =>
  requestOf({
    outputUri: join(folder, name),
    models: paths.map((path) => model(path)),
    method: merge.MergeMethod.fromJSON(method),
  });

test('the average of a Polytropon adapter does what PEFT does with a uniform router', async () => {
  const made = request([polyGolden('')], { adapter_average: {} }, 'average');
  await mergeKind.run(made, contextIn(folder));
  const { settings } = await readAdapter(made.outputUri);
  expect(settings).toMatchObject({ rank: 4, alpha: 1, taskType: 'CAUSAL_LM', baseModel: 'base' });
  expect([...settings.targetModules]).toEqual(['down_proj', 'q_proj', 'v_proj']);
  // Three skills with factors of their own: most of the product of the means is cross terms.
  for (const { norm, error } of await modulesOf(made.outputUri)) expect(error).toBeGreaterThan(0.1 * norm);

  const expected = await SafetensorsFile.open(polyGolden('expected.safetensors'));
  const ids = Array.from(await expected.read('ids', 'f64'), Number);
  const logits = await expected.read('logits', 'f32');
  const network = await loadNetwork(await openModel(peftGolden('base'), { adapters: [made.outputUri] }));
  const batch = makeBatch([ids.slice(0, 20), ids.slice(20)], 0);
  const ours = tf.tidy(() => network.languageLogits(batch).dataSync());
  network.dispose();
  expect(ours).toHaveLength(logits.length);
  ours.forEach((value, i) => {
    expect(Math.abs(value - (logits[i] ?? NaN))).toBeLessThan(2e-5);
  });
});

test('elsewhere it is refused by its kind, and so is one that its config does not fit', async () => {
  const validate = (paths: readonly string[], method: object): Promise<void> =>
    mergeKind.validate(request(paths, method, 'refused'), contextIn(folder));
  const poly = polyGolden('');
  for (const [paths, method] of [
    [[poly], { adapter_svd: {} }],
    [[poly, poly], { adapter_average: {} }],
  ] as const) {
    await expect(validate(paths, method)).rejects.toMatchObject({
      reason: 'UNSUPPORTED_ADAPTER',
      message: expect.stringContaining('POLY') as string,
    });
  }
  const odd = join(folder, 'odd');
  await cp(poly, odd, { recursive: true });
  const config = JSON.parse(await readFile(join(odd, 'adapter_config.json'), 'utf8')) as object;
  await writeFile(join(odd, 'adapter_config.json'), JSON.stringify({ ...config, n_skills: 4 }));
  await expect(validate([odd], { adapter_average: {} })).rejects.toMatchObject({ reason: 'CORRUPT_ADAPTER' });
});
