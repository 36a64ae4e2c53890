import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Model, openModel } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';
import { SafetensorsFile, setThreads } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, mixtureGolden, modelWith, newFolder, requestOf } from '../testing/job-context.js';
import { tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

type Prompts = Record<'a' | 'b', [positive: string[], negative: string[]]>;

let folder: string;
let prompts: object[];
beforeAll(async () => {
  folder = await newFolder();
  const said = JSON.parse(await readFile(mixtureGolden('prompts.json'), 'utf8')) as Prompts;
  prompts = [said.a, said.b].map(([positive, negative]) => ({ positive, negative }));
});
afterEach(() => {
  setThreads(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;

function requestFor(parameters: object, more: Partial<merge.MergeRequest> = {}): merge.MergeRequest {
  return requestOf({
    outputUri: join(folder, `out-${(count += 1)}`),
    models: ['a', 'b'].map((name) => modelWith(mixtureGolden(name), {})),
    base: { uri: mixtureGolden('base'), adapters: [] },
    method: merge.MergeMethod.fromJSON({ mixture_of_experts: parameters }),
    ...more,
  });
}

async function make(parameters: object, more: Partial<merge.MergeRequest> = {}): Promise<[Model, string]> {
  const request = requestFor(parameters, more);
  await mergeKind.run(request, contextIn(folder));
  return [await openModel(request.outputUri), request.outputUri];
}

const gateOf = (layer: number): string => `model.layers.${layer}.block_sparse_moe.gate.weight`;

test('the tensors are those of mergekit-moe, one for each expert and projection', async () => {
  const [ours] = await make({ gate_mode: 'GATE_MODE_CHEAP_EMBED', prompts });
  const theirs = await SafetensorsFile.open(mixtureGolden('mixture.safetensors'));
  const expected = new Map<string, Float32Array>();
  for (const [name, { shape }] of theirs.tensors) {
    const values = await theirs.read(name, 'f32');
    const [, layer = '', fused = ''] = /^model\.layers\.(\d+)\.mlp\.(?:experts\.)?(.*)$/.exec(name) ?? [];
    const block = `model.layers.${layer}.block_sparse_moe`;
    const size = values.length / (shape[0] ?? 1);
    if (fused === '') expected.set(name, values);
    else if (fused === 'gate.weight') expected.set(`${block}.gate.weight`, values);
    else {
      for (const expert of [0, 1]) {
        const own = values.subarray(expert * size, (expert + 1) * size);
        const projections = fused === 'down_proj' ? ['w2'] : ['w1', 'w3'];
        for (const [at, projection] of projections.entries()) {
          const part = size / projections.length;
          expected.set(
            `${block}.experts.${expert}.${projection}.weight`,
            own.subarray(at * part, (at + 1) * part),
          );
        }
      }
    }
  }
  expect([...ours.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const found = await ours.read(name, 'f32');
    if (name.endsWith('gate.weight')) {
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(values[i] ?? NaN, 6);
      });
    } else expect([...found]).toEqual([...values]);
  }
});

test('what the config says of the model is what mergekit says', async () => {
  const [{ config }, path] = await make({ gate_mode: 'GATE_MODE_CHEAP_EMBED', prompts });
  const theirs = JSON.parse(await readFile(mixtureGolden('mixture-config.json'), 'utf8')) as object;
  const said = Object.entries(theirs).filter(([key]) => key in config);
  expect(config).toMatchObject(Object.fromEntries(said));
  expect(config).toMatchObject({ num_local_experts: 2, num_experts_per_tok: 2, model_type: 'mixtral' });
  // transformers' defaults for what is not said.
  const unsaid = Object.entries(theirs).filter(([key]) => !(key in config));
  expect(Object.fromEntries(unsaid)).toEqual({
    attention_bias: false,
    mlp_bias: false,
    pretraining_tp: 1,
    output_router_logits: false,
    router_aux_loss_coef: 0.001,
    router_jitter_noise: 0,
  });
  const card = await readFile(join(path, 'README.md'), 'utf8');
  expect(card).toContain('27 tensors are copied, 2 were computed.');
  expect(await readFile(join(path, 'tokenizer.json'), 'utf8')).toContain('poem');
});

test.each([
  ['GATE_MODE_CHEAP_EMBED', 'cheap_embed'],
  ['GATE_MODE_HIDDEN_LAST', 'hidden_last'],
  ['GATE_MODE_HIDDEN_AVERAGE', 'hidden_average'],
])('routers by %s agree with mergekit in float32', async (mode, name) => {
  const [model] = await make({ gate_mode: mode, prompts });
  const expected = await SafetensorsFile.open(mixtureGolden('expected.safetensors'));
  const gates = await expected.read(name, 'f32');
  const size = gates.length / 2;
  for (const layer of [0, 1]) {
    const gate = await model.read(gateOf(layer), 'f32');
    gate.forEach((value, i) => {
      expect(Math.abs(value - (gates[layer * size + i] ?? NaN))).toBeLessThan(2e-5);
    });
  }
});

test('random routers follow from the seed, and differ between layers', async () => {
  const gates = async (seed: bigint): Promise<number[][]> => {
    const [model] = await make({ gate_mode: 'GATE_MODE_RANDOM' }, { seed });
    return [[...(await model.read(gateOf(0), 'f32'))], [...(await model.read(gateOf(1), 'f32'))]];
  };
  const first = await gates(1n);
  expect(await gates(1n)).toEqual(first);
  expect(await gates(2n)).not.toEqual(first);
  expect(first[0]).not.toEqual(first[1]);
});

test('type, shards and threads: rounded once, the same values', async () => {
  const mode = { gate_mode: 'GATE_MODE_HIDDEN_LAST', prompts };
  const [whole] = await make(mode);
  for (const threads of [1, 2, 8]) {
    setThreads(threads);
    const [sharded, path] = await make(mode, { maxShardBytes: 9000n });
    expect((await readFile(join(path, 'model.safetensors.index.json'), 'utf8')).length).toBeGreaterThan(100);
    for (const name of whole.tensors.keys()) {
      expect([...(await sharded.read(name, 'f32'))]).toEqual([...(await whole.read(name, 'f32'))]);
    }
  }
  const [half] = await make(mode, { outputDataType: common.DataType.BF16 });
  for (const { name, dtype } of half.tensors.values()) {
    expect(dtype).toBe('BF16');
    const exact = await whole.read(name, 'f32');
    (await half.read(name, 'f32')).forEach((value, i) => {
      expect(Math.abs(value - (exact[i] ?? NaN))).toBeLessThanOrEqual(2 ** -8 * Math.abs(exact[i] ?? NaN));
    });
  }
});

describe('refused by name', () => {
  const refused = (parameters: object, more: Partial<merge.MergeRequest> = {}): Promise<void> =>
    mergeKind.validate(requestFor(parameters, more), contextIn(folder));
  const random = { gate_mode: 'GATE_MODE_RANDOM' };

  test('prompts and numbers that make no sense', async () => {
    for (const [parameters, reason] of [
      [{}, 'FIELD_MISSING'],
      [{ gate_mode: 'GATE_MODE_CHEAP_EMBED' }, 'OUT_OF_RANGE'],
      [{ gate_mode: 'GATE_MODE_CHEAP_EMBED', prompts: [{}, {}] }, 'FIELD_MISSING'],
      [{ gate_mode: 'GATE_MODE_CHEAP_EMBED', prompts: [prompts[0], prompts[0]] }, 'OUT_OF_RANGE'],
      [{ ...random, prompts }, 'NOT_APPLICABLE'],
      [{ ...random, experts_per_token: 3 }, 'OUT_OF_RANGE'],
    ] as const) {
      await expect(refused(parameters)).rejects.toMatchObject({ reason });
    }
    await expect(refused(random, { base: undefined })).rejects.toMatchObject({ reason: 'FIELD_MISSING' });
  });

  test('models that do not fit: biases, another family, other sizes, no tokenizer', async () => {
    const llama = { model_type: 'llama', num_hidden_layers: 1 };
    const bias = { 'model.layers.0.self_attn.q_proj.bias': 1 };
    const biased = await writeTinyModel(join(folder, 'biased'), tinyLlama(1, 1, bias), llama);
    const with_ = (uri: string): Partial<merge.MergeRequest> => ({
      base: { uri, adapters: [] },
      models: [modelWith(uri, {}), modelWith(uri, {})],
    });
    await expect(refused(random, with_(biased))).rejects.toMatchObject({
      reason: 'UNSUPPORTED_ARCHITECTURE',
      message: expect.stringContaining('q_proj.bias') as string,
    });
    const bert = await writeTinyModel(join(folder, 'bert'), tinyLlama(1, 1), { model_type: 'bert' });
    await expect(refused(random, with_(bert))).rejects.toMatchObject({ reason: 'UNSUPPORTED_ARCHITECTURE' });
    // Its layers have down_proj alone.
    const partial = await writeTinyModel(join(folder, 'partial'), tinyLlama(1, 1), llama);
    await expect(refused(random, with_(partial))).rejects.toMatchObject({
      reason: 'INCOMPATIBLE_MODELS',
      details: { 'model.layers.0.mlp.gate_proj.weight': expect.stringContaining('models[0]') as string },
    });
    const bare = join(folder, 'bare');
    await mkdir(bare);
    await cp(mixtureGolden('base/model.safetensors'), join(bare, 'model.safetensors'));
    await cp(mixtureGolden('base/config.json'), join(bare, 'config.json'));
    await expect(
      refused({ gate_mode: 'GATE_MODE_HIDDEN_LAST', prompts }, { base: { uri: bare, adapters: [] } }),
    ).rejects.toMatchObject({ reason: 'TOKENIZER_MISSING' });
  });

  test('a family without a forward pass, with the gates that need none', async () => {
    const uri = join(folder, 'mistral');
    await cp(mixtureGolden('base'), uri, { recursive: true });
    const config = JSON.parse(await readFile(join(uri, 'config.json'), 'utf8')) as object;
    const family = { model_type: 'mistral', architectures: ['MistralForCausalLM'] };
    await writeFile(join(uri, 'config.json'), JSON.stringify({ ...config, ...family }));
    const models = { base: { uri, adapters: [] }, models: [modelWith(uri, {}), modelWith(uri, {})] };
    await expect(refused({ gate_mode: 'GATE_MODE_HIDDEN_LAST', prompts }, models)).rejects.toMatchObject({
      message: expect.stringMatching(
        /"mistral".*; GATE_MODE_CHEAP_EMBED and GATE_MODE_RANDOM need none/,
      ) as string,
      fieldViolations: [{ field: 'mixture_of_experts.gate_mode' }],
    });
    await expect(make({ gate_mode: 'GATE_MODE_CHEAP_EMBED', prompts }, models)).resolves.toBeDefined();
  });
});

test('what a config of Llama leaves out is said, for Mixtral has other defaults', async () => {
  const bare = join(folder, 'unsaid');
  await cp(mixtureGolden('base'), bare, { recursive: true });
  await writeFile(
    join(bare, 'config.json'),
    JSON.stringify({ model_type: 'llama', hidden_size: 16, num_attention_heads: 2, num_hidden_layers: 2 }),
  );
  const [{ config }] = await make({ gate_mode: 'GATE_MODE_RANDOM' }, { base: { uri: bare, adapters: [] } });
  expect(config).toMatchObject({
    num_key_value_heads: 2,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    max_position_embeddings: 2048,
    sliding_window: null,
  });
});
