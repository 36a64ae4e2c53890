import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type AdapterChoice, ADAPTERS, openModel } from '@eigenloom/adapters';
import { choiceOf, FIXTURES as KIND_FIXTURES } from '@eigenloom/adapters/dist/testing/fixtures.js';
import { writeTrained } from '@eigenloom/adapters/dist/testing/write-trained.js';
import { writeModel } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';
import { type Dtype, SafetensorsFile, isFloat } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { DEFINITIONS, type ModelCase, modelMethodOf } from '../methods/index.js';
import { inputsOf } from '../plan/planned.js';
import { planRecipe } from '../plan/plan-recipe.js';
import { mergeTensors } from '../run/merge-tensors.js';
import { choiceOf as methodOf, type Fixture, FIXTURES } from '../testing/fixtures.js';
import {
  contextIn,
  modelsGolden,
  modelWith,
  newFolder,
  peftGolden,
  requestOf,
} from '../testing/job-context.js';

type Kind = AdapterChoice['$case'];

const MODELS = { llama: peftGolden('base'), bert: modelsGolden('tiny-bert-classifier') };
const KINDS = (Object.keys(KIND_FIXTURES) as Kind[]).filter(
  (kind) => ADAPTERS.create(choiceOf(kind)).method.fold !== undefined,
);
const TYPES = { BF16: common.DataType.BF16, F16: common.DataType.F16, F32: common.DataType.F32 };
type Type = keyof typeof TYPES;

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A model as it is with adapters, in one type; without one, as its tensors are stored. */
async function stored(
  name: string,
  uri: string,
  adapters: readonly string[] = [],
  dtype?: Dtype,
): Promise<string> {
  const like = await openModel(uri, { adapters });
  const tensors = [...like.tensors.values()].map((tensor) => ({
    ...tensor,
    dtype: dtype !== undefined && isFloat(tensor.dtype) ? dtype : tensor.dtype,
  }));
  const path = join(folder, name);
  await mkdir(path);
  await writeModel(path, { like, tensors, read: ({ name: each }) => like.read(each, 'f64') });
  return path;
}

type Tensors = ReadonlyMap<string, Float64Array>;

async function tensorsIn(path: string): Promise<Tensors> {
  const file = await SafetensorsFile.open(path);
  const all = new Map<string, Float64Array>();
  for (const name of [...file.tensors.keys()].sort()) all.set(name, await file.read(name, 'f64'));
  return all;
}

let made = 0;
async function merged(
  models: readonly (readonly [uri: string, ...adapters: string[]])[],
  more: Partial<merge.MergeRequest> = {},
): Promise<Tensors> {
  const request = requestOf({
    models: models.map(([uri, ...adapters], i) => ({
      ...modelWith(uri, { weight: [0.3, 0.7][i] }),
      model: { uri, adapters },
    })),
    outputUri: join(folder, `out-${(made += 1)}`),
    method: merge.MergeMethod.fromJSON({ linear: {} }),
    ...more,
  });
  await mergeKind.run(request, contextIn(folder));
  return tensorsIn(join(request.outputUri, 'model.safetensors'));
}

/** The largest distance between elements, as a share of the largest of the tensor. */
function apart(x: Tensors, y: Tensors): number {
  expect([...x.keys()]).toEqual([...y.keys()]);
  const distances = [...x].map(([name, values]) => {
    const others = y.get(name)!;
    const largest = others.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return values.reduce((most, value, i) => Math.max(most, Math.abs(value - others[i]!)), 0) / largest;
  });
  return Math.max(...distances);
}

describe.each(KINDS)('a model with an adapter of the kind %s', (kind) => {
  const base = MODELS[KIND_FIXTURES[kind].model];
  const adapter = (name: string, model: string, seed?: bigint): Promise<string> =>
    writeTrained(join(folder, name), kind, { model, seed });

  // Pairs are added in the arithmetic of the merge, in f32; the other folds are rounded to f32 once.
  it.each<[Type, number]>([
    ['F32', 1e-6],
    ['BF16', 2 ** -8],
    ['F16', 2 ** -11],
  ])('is merged as the folded model held in f32 is, from %s', async (type, rounding) => {
    const model = await stored('base', base, [], type);
    const [one, two] = [await adapter('one', model), await adapter('two', model, 9n)];
    const folded = [
      await stored('folded-1', model, [one], 'F32'),
      await stored('folded-2', model, [two], 'F32'),
    ] as const;
    const expected = await merged(
      folded.map((uri) => [uri]),
      { outputDataType: TYPES[type] },
    );
    const own = await merged([
      [model, one],
      [model, two],
    ]);
    const { dense } = await openModel(model, { adapters: [one] });
    if (dense === undefined) expect(apart(own, expected)).toBeLessThan(rounding);
    else expect(own).toEqual(expected);
    expect(apart(own, await tensorsIn(join(model, 'model.safetensors')))).toBeGreaterThan(0.01);
  });

  it('takes others before and after it, in order', async () => {
    const first = await writeTrained(join(folder, 'first'), 'lora', {
      model: base,
      modules: KIND_FIXTURES[kind].modules.filter((name) => !name.endsWith('Norm')),
    });
    const chain = [first, await adapter('middle', base, 5n), first] as const;
    const turned = [chain[1], chain[0], chain[0]] as const;
    const own = await merged([[base, ...chain]], { allowUnchanged: true });
    const expected = await tensorsIn(join(await stored('expected', base, chain), 'model.safetensors'));
    expect(apart(own, expected)).toBeLessThan(1e-6);
    const other = await tensorsIn(join(await stored('other', base, turned), 'model.safetensors'));
    // A sum of pairs does not depend on the order.
    if (kind === 'dora' || kind === 'ssf') expect(apart(own, other)).toBeGreaterThan(1e-4);
  });
});

describe('every method that looks at weights alone', () => {
  const names = (Object.keys(FIXTURES) as (keyof typeof FIXTURES)[]).filter(
    (name): name is ModelCase => DEFINITIONS[name].makes === 'model' && !('prepare' in FIXTURES[name]),
  );

  it.each(names)('%s merges models with adapters as the folded ones', async (name) => {
    const model = MODELS.bert;
    const adapters = [
      await writeTrained(join(folder, 'dora'), 'dora', { model }),
      await writeTrained(join(folder, 'ssf'), 'ssf', { model, seed: 8n }),
      await writeTrained(join(folder, 'other'), 'dora', { model, seed: 9n }),
    ];
    const folded = await Promise.all(adapters.map((each, i) => stored(`folded-${i}`, model, [each])));
    const { inputs } = DEFINITIONS[name];
    const count = Math.max(inputs.minModels, Math.min(2, inputs.maxModels ?? 2));
    const method = modelMethodOf(methodOf(name) as Parameters<typeof modelMethodOf>[0]);
    const { unweighted }: Fixture = FIXTURES[name];
    const run = async (models: readonly (readonly [string, ...string[]])[]): Promise<Tensors> => {
      const request = requestOf({
        models: models.slice(0, count).map(([uri, ...of]) => ({
          ...modelWith(uri, unweighted === true ? {} : { weight: 0.5 }),
          model: { uri, adapters: of },
        })),
        base: inputs.base === 'none' ? undefined : { uri: model, adapters: [] },
        seed: 6n,
      });
      const context = contextIn(folder);
      const plan = await planRecipe(request, method, context);
      for (const [i, { model: input }] of inputsOf(plan).entries()) {
        const path = join(folder, `dense-${i}.safetensors`);
        await input.dense?.write(path);
        await input.dense?.open(path);
      }
      const out = join(folder, `out-${(made += 1)}`);
      await mkdir(out);
      const { signal } = context;
      await mergeTensors(out, plan, undefined, {
        allowNonFinite: false,
        signal,
        onProgress: () => undefined,
      });
      return tensorsIn(join(out, 'model.safetensors'));
    };
    const own = await run(adapters.map((each) => [model, each]));
    expect(own).toEqual(await run(folded.map((uri) => [uri])));
  });
});

it('leaves nothing but the result and the scratch folder of the job', async () => {
  const model = MODELS.bert;
  const dora = await writeTrained(join(folder, 'dora'), 'dora', { model });
  const before = await readdir(folder);
  await merged([[model, dora], [model]], { outputUri: join(folder, 'result') });
  expect((await readdir(folder)).sort()).toEqual([...before, 'result', 'scratch'].sort());
  expect(await readdir(dora)).toHaveLength(2);
});
