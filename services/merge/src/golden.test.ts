import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { common, type merge } from '@eigenloom/contracts';
import { SafetensorsFile } from '@eigenloom/numeric';

import { mergeKind } from './merge-kind.js';
import { contextIn, golden, model, newFolder, requestOf } from './testing/job-context.js';

type Method = NonNullable<merge.MergeRequest['method']>;

type Weighted = readonly [id: string, weight: number, density?: number | undefined];

// The same settings as in tests/golden/mergekit/cases/NAME.yaml.
const W = { a: 0.47, b: 0.31, c: 0.43 };
const three = (density?: readonly [number, number, number], b = W.b): Weighted[] => [
  ['a', W.a, density?.[0]],
  ['b', b, density?.[1]],
  ['c', W.c, density?.[2]],
];
const linear = (normalize?: boolean): Method => ({ $case: 'linear', value: { normalize } });
const arithmetic = (lambda?: number, normalize = false): Method => ({
  $case: 'taskArithmetic',
  value: { lambda, normalize },
});
const ties = (lambda?: number, normalize?: boolean): Method => ({
  $case: 'ties',
  value: { density: undefined, lambda, normalize },
});
const two: Weighted[] = [
  ['a', 0.3],
  ['b', 0.7],
];
const CASES: [string, Weighted[], Method][] = [
  ['linear_30_70', two, linear()],
  ['linear_30_70.bf16', two, linear()],
  ['linear_three', three(), linear()],
  ['linear_unnormalised', three(), linear(false)],
  ['task_arithmetic', three(), arithmetic()],
  ['task_arithmetic_lambda', three(undefined, -W.b), arithmetic(0.7)],
  ['task_arithmetic_lambda.bf16', three(undefined, -W.b), arithmetic(0.7)],
  ['task_arithmetic_normalize', three(), arithmetic(undefined, true)],
  ['ties_density20', three([0.2, 0.2, 0.2]), ties()],
  ['ties_density50', three([0.5, 0.5, 0.5]), ties()],
  ['ties_density50.bf16', three([0.5, 0.5, 0.5]), ties()],
  ['ties_density80_lambda', three([0.8, 0.8, 0.8]), ties(0.7)],
  ['ties_mixed_unnormalised', three([0.3, 0.6, 0.9]), ties(undefined, false)],
];

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Distance of two bf16 numbers in steps; the bits of a bf16 in order of value. */
function bf16Steps(x: number, y: number): number {
  const order = (value: number): number => {
    const bits = (new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0) >>> 16;
    return bits & 0x8000 ? -(bits & 0x7fff) : bits;
  };
  return Math.abs(order(x) - order(y));
}

test.each(CASES)('%s agrees with mergekit', async (name, models, method) => {
  const bf16 = name.endsWith('.bf16');
  const path = (id: string): string => golden(bf16 ? `${id}-bf16` : id);
  const request = requestOf({
    outputUri: join(folder, name),
    models: models.map(([id, weight, density]) => model(path(id), weight, density)),
    base: method.$case === 'linear' ? undefined : { uri: path('base'), adapters: [] },
    outputDataType: common.DataType.UNSPECIFIED,
    method,
  });
  await mergeKind.run(request, contextIn(folder));
  const result = await openModel(request.outputUri);
  const expected = await SafetensorsFile.open(golden(`cases/${name}.safetensors`));
  expect([...result.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
  for (const [tensor, { dtype, shape }] of expected.tensors) {
    expect(result.tensors.get(tensor)).toMatchObject({ dtype, shape });
    const ours = await result.read(tensor, 'f32');
    const theirs = await expected.read(tensor, 'f32');
    const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? NaN))), 0);
    if (bf16) {
      const steps = theirs.filter((value, i) => {
        const mine = ours[i] ?? NaN;
        return bf16Steps(mine, value) > 1 && Math.abs(mine - value) > 1e-8;
      });
      expect(steps).toHaveLength(0);
    } else {
      expect(off).toBeLessThanOrEqual(1e-6 * largest);
    }
  }
});

test('the folder opens as the base did, with a card that holds the recipe', async () => {
  const request = requestOf({
    outputUri: join(folder, 'card'),
    requestId: 'not-in-the-card',
    models: [model(golden('a'), 0.5), model(golden('b'), 0.5)],
    base: { uri: golden('base'), adapters: [] },
    method: arithmetic(0.5),
  });
  const context = contextIn(folder);
  const response = await mergeKind.run(request, context);
  const card = await readFile(join(request.outputUri, 'README.md'), 'utf8');
  expect(card).toContain('"lambda": 0.5');
  expect(card).not.toContain('not-in-the-card');
  expect(Object.keys(context.lineage?.inputs ?? {})).toEqual([
    'base/model.safetensors',
    'models/0/model.safetensors',
    'models/1/model.safetensors',
  ]);
  const { config, tensors } = await openModel(request.outputUri);
  expect(config).toEqual((await openModel(golden('base'))).config);
  expect(response.changes).toMatchObject({ tensors: tensors.size, changedTensors: tensors.size });
  // ‖0.5·(0.5 τ_a + 0.5 τ_b)‖ from the files themselves, in f64.
  const [base, a, b] = await Promise.all(['base', 'a', 'b'].map((id) => openModel(golden(id))));
  let delta = 0;
  for (const name of tensors.keys()) {
    const [x, y, z] = await Promise.all([base, a, b].map((m) => m!.read(name, 'f64')));
    x?.forEach(
      (value, i) => (delta += (0.25 * ((y?.[i] ?? 0) - value) + 0.25 * ((z?.[i] ?? 0) - value)) ** 2),
    );
  }
  expect(response.changes?.deltaNorm).toBeCloseTo(Math.sqrt(delta), 5);
});
