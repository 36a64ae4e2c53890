import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Model } from '../model/model.js';
import { openModel } from '../model/open-model.js';
import { readAdapter } from './read-adapter.js';
import { writeAdapter } from './write-adapter.js';
import { newFolder } from '../testing/safetensors-bytes.js';
import { type Tensors, writeTinyAdapter, writeTinyModel } from '../testing/tensor-files.js';

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const P = 'base_model.model.';
const one = (value: number): Tensors[string] => [[1, 1], [value]];
const pair: Tensors = { [`${P}q.lora_A.weight`]: one(1), [`${P}q.lora_B.weight`]: one(1) };
const base: Tensors = { 'q.weight': one(0), 'q.bias': [[1], [0]] };

/** The model with an adapter of these keys, or the message that refuses it. */
async function fold(
  adapter: Tensors,
  config: object = {},
  model: Tensors = base,
  modelConfig: Readonly<Record<string, unknown>> = {},
): Promise<Model> {
  const name = String((made += 1));
  const [path, lora] = [join(folder, `m${name}`), join(folder, `a${name}`)];
  await writeTinyModel(path, model, modelConfig);
  await writeTinyAdapter(lora, adapter, { ...config });
  return openModel(path, { adapters: [lora] });
}

async function values(model: Model, name: string): Promise<number[]> {
  return [...(await model.read(name, 'f64'))];
}

describe('keys that are no pair', () => {
  test('a bias under the wrapper is trained', async () => {
    const model = await fold({ ...pair, [`${P}q.base_layer.bias`]: [[1], [5]] }, { bias: 'lora_only' });
    expect([...model.tensors.keys()]).toEqual(['q.weight', 'q.bias']);
    expect(await values(model, 'q.weight')).toEqual([1]);
    expect(await values(model, 'q.bias')).toEqual([5]);
  });

  test('a bias is written so that it is one again', async () => {
    const config = { bias: 'lora_only' };
    const path = await writeTinyAdapter(
      join(folder, 'bias'),
      { ...pair, [`${P}q.base_layer.bias`]: [[1], [5]] },
      config,
    );
    const out = join(folder, 'bias-again');
    await mkdir(out);
    await writeAdapter(out, await readAdapter(path));
    const again = await readAdapter(out);
    expect(again.settings.bias).toBe('lora_only');
    expect([...again.savedTensors.keys()]).toEqual(['q.bias']);
    expect([...again.file.tensors.keys()]).toContain(`${P}q.base_layer.bias`);
  });

  test('a weight under the wrapper is the base’s: PEFT writes it there and adds the pair', async () => {
    const model = await fold({ ...pair, [`${P}q.base_layer.weight`]: one(3) });
    expect([...model.tensors.keys()]).toEqual(['q.weight', 'q.bias']);
    expect(await values(model, 'q.weight')).toEqual([4]);
  });

  test('of another size it is refused with both sizes', async () => {
    await expect(
      fold({
        ...pair,
        [`${P}q.base_layer.weight`]: [
          [2, 1],
          [3, 4],
        ],
      }),
    ).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringContaining(
        "its shape is [2, 1], that of the model's q.weight is [1, 1]; the adapter was trained on a model with 2 rows there, not 1: " +
          "where its vocabulary was resized, resize the model's first (transformers: model.resize_token_embeddings(2), then save it)",
      ) as string,
    });
  });

  test('a name that the model lacks is refused with what is near', async () => {
    await expect(fold({ ...pair, [`${P}q.biass`]: [[1], [5]] })).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringContaining(
        '"q.biass": the model has no such tensor; did you mean "q.bias"?',
      ) as string,
    });
    await expect(fold({ ...pair, [`${P}score.weight`]: one(2) })).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringContaining('modules_to_save') as string,
    });
  });

  test.each([
    [{ modules_to_save: ['score'] }, `${P}score.weight`],
    [{ task_type: 'SEQ_CLS' }, `${P}score.weight`],
    [{ task_type: 'TOKEN_CLS' }, `${P}_orig_mod.classifier.weight`],
    [{ task_type: 'QUESTION_ANS' }, `${P}qa_outputs.weight`],
    [{}, `${P}score.modules_to_save.default.weight`],
    [{}, `${P}mean_pool_classifier.weight`],
  ])('a new head that is promised by %j: %s', async (config, key) => {
    const model = await fold({ ...pair, [key]: one(2) }, config);
    const added = [...model.tensors.keys()].filter((name) => !(name in base));
    expect(added).toHaveLength(1);
    expect(await values(model, added[0] ?? '')).toEqual([2]);
  });

  test('the module that modules_to_save replaced has no effect', async () => {
    const keys = {
      ...pair,
      [`${P}score.original_module.weight`]: one(9),
      [`${P}score.modules_to_save.default.weight`]: one(2),
    };
    const model = await fold(keys, { modules_to_save: ['score'] }, { ...base, 'score.weight': one(1) });
    expect(await values(model, 'score.weight')).toEqual([2]);
  });

  test('two keys for one tensor are refused, both by name', async () => {
    const twice = { ...pair, [`${P}q.lora_A.default.weight`]: one(2) };
    await expect(fold(twice)).rejects.toMatchObject({
      reason: 'CORRUPT_ADAPTER',
      message: expect.stringMatching(
        /q\.lora_A\.default\.weight.*q\.lora_A\.weight.*mean the same/,
      ) as string,
    });
    const heads = { ...pair, [`${P}s.weight`]: one(1), [`${P}s.modules_to_save.default.weight`]: one(2) };
    await expect(fold(heads, { modules_to_save: ['s'] })).rejects.toMatchObject({
      reason: 'CORRUPT_ADAPTER',
    });
  });

  test('a module in full and by a pair is refused', async () => {
    await expect(fold({ ...pair, [`${P}q.modules_to_save.default.weight`]: one(2) })).rejects.toMatchObject({
      message: expect.stringContaining('is trained in full and has a pair as well') as string,
    });
  });

  test('a key without a meaning is refused, and so is a module that the model lacks', async () => {
    await expect(fold({ ...pair, [`${P}q.lora_magnitude_vector`]: [[1], [1]] })).rejects.toMatchObject({
      reason: 'UNSUPPORTED_ADAPTER',
    });
    await expect(
      fold({ [`${P}qq.lora_A.weight`]: one(1), [`${P}qq.lora_B.weight`]: one(1) }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('"qq": the model has no such module; did you mean "q"?') as string,
    });
  });
});

describe('an adapter as a whole', () => {
  const two: Tensors = {
    'layers.0.q.weight': one(0),
    'layers.1.q.weight': one(0),
    'norm.weight': [[1], [1]],
  };
  const pairOf = (module: string): Tensors => ({
    [`${P}m.${module}.lora_A.weight`]: one(1),
    [`${P}m.${module}.lora_B.weight`]: one(1),
  });

  test('without tensors it is refused by name', async () => {
    await expect(fold({})).rejects.toMatchObject({
      reason: 'CORRUPT_ADAPTER',
      message: expect.stringMatching(/^adapter "a\d+": .*has no tensors/) as string,
    });
  });

  test('every module that target_modules means must have a pair', async () => {
    await expect(fold(pairOf('layers.0.q'), {}, two)).rejects.toMatchObject({
      reason: 'ADAPTER_INCOMPLETE',
      message: expect.stringContaining('no pair for "layers.1.q"') as string,
    });
    const all = await fold({ ...pairOf('layers.0.q'), ...pairOf('layers.1.q') }, {}, two);
    expect(await values(all, 'layers.1.q.weight')).toEqual([1]);
  });

  test.each([
    [{ layers_to_transform: [0] }],
    [{ layers_to_transform: 0, layers_pattern: 'layers' }],
    [{ exclude_modules: ['layers.1.q'] }],
    [{ exclude_modules: '.*\\.1\\.q' }],
    [{ target_modules: '.*\\.0\\.q' }],
    [{ target_modules: ['m.layers.0.q', 'unknown'] }],
    [{ rank_pattern: { unknown: 3 } }, 'refused'],
    [{ layers_to_transform: [1] }, 'refused'],
    [{ layers_to_transform: [0, 1] }, 'refused'],
    [{ target_modules: '.*q' }, 'refused'],
    [{ target_modules: 'all-linear' }, 'refused'],
  ])('%j is honoured', async (config, outcome = 'folded') => {
    const result = await fold(pairOf('layers.0.q'), config, two).then(
      () => 'folded',
      (error: unknown) => ((error as { reason: string }).reason === 'ADAPTER_INCOMPLETE' ? 'refused' : error),
    );
    expect(result).toBe(outcome);
  });

  test('modules_to_save without tensors is refused where the base has the module', async () => {
    const model = { ...base, 'score.weight': one(1) };
    await expect(fold(pair, { modules_to_save: ['score'] }, model)).rejects.toMatchObject({
      reason: 'ADAPTER_INCOMPLETE',
      message: expect.stringContaining('lacks "score.weight"') as string,
    });
    await expect(fold(pair, { modules_to_save: ['score'] })).rejects.toMatchObject({
      reason: 'ADAPTER_INCOMPLETE',
    });
    // PEFT lists all names that a head may have.
    const saved = { ...pair, [`${P}score.weight`]: one(7) };
    const folded = await fold(saved, { modules_to_save: ['classifier', 'score'] }, model);
    expect(await values(folded, 'score.weight')).toEqual([7]);
  });

  test('shards that were not gathered are refused by name', async () => {
    const empty: Tensors = { [`${P}q.lora_A.weight`]: [[0], []], [`${P}q.lora_B.weight`]: [[0], []] };
    await expect(fold(empty)).rejects.toMatchObject({
      reason: 'CORRUPT_ADAPTER',
      message: expect.stringContaining('is empty') as string,
    });
  });
});

describe('weights stored (in, out)', () => {
  const P2 = `${P}transformer.h.0.attn.c_proj.lora_`;
  // B·A has its 1 in row 1, column 0.
  const corner: Tensors = {
    [`${P2}A.weight`]: [
      [1, 2],
      [1, 0],
    ],
    [`${P2}B.weight`]: [
      [2, 1],
      [0, 1],
    ],
  };
  const square: Tensors = {
    'h.0.attn.c_proj.weight': [
      [2, 2],
      [0, 0, 0, 0],
    ],
  };
  const [turned, plain] = [
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ];
  const folded = async (config: object, model: Readonly<Record<string, unknown>>): Promise<number[]> =>
    values(
      await fold(corner, { target_modules: ['c_proj'], ...config }, square, model),
      'h.0.attn.c_proj.weight',
    );

  test.each([
    [{ fan_in_fan_out: false }, { model_type: 'gpt2' }, turned],
    [{}, { model_type: 'gpt2' }, turned],
    [{ fan_in_fan_out: true }, { architectures: ['GPT2LMHeadModel'] }, turned],
    [{ fan_in_fan_out: false }, { architectures: ['GPT2LMHeadModel'] }, turned],
    [{ fan_in_fan_out: false }, { model_type: 'openai-gpt' }, turned],
    [{ fan_in_fan_out: false }, { model_type: 'imagegpt' }, turned],
    [{ fan_in_fan_out: false }, { model_type: 'decision_transformer' }, turned],
    [{ fan_in_fan_out: true }, { model_type: 'gpt_bigcode' }, plain],
    [{ fan_in_fan_out: true }, { model_type: 'gpt_neo' }, plain],
    [{ fan_in_fan_out: true }, { architectures: ['LlamaForCausalLM'] }, plain],
    [{ fan_in_fan_out: true }, { model_type: 'mine' }, turned],
    [{ fan_in_fan_out: false }, { model_type: 'mine' }, plain],
    [{ fan_in_fan_out: true }, {}, turned],
    [{ fan_in_fan_out: false }, {}, plain],
  ])('the flag %j with the model %j', async (config, model, expected) => {
    expect(await folded(config, model)).toEqual(expected);
  });

  test('refused where nothing tells and both ways fit', async () => {
    await expect(folded({}, {})).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
      message: expect.stringContaining('model_type') as string,
    });
  });

  test('only the modules that are Conv1D there: a head of GPT-2 is an ordinary one', async () => {
    const adapter: Tensors = {
      [`${P}score.lora_A.weight`]: [
        [1, 2],
        [1, 0],
      ],
      [`${P}score.lora_B.weight`]: [
        [2, 1],
        [0, 1],
      ],
    };
    const config = { target_modules: ['score'], fan_in_fan_out: true };
    const model = await fold(
      adapter,
      config,
      {
        'score.weight': [
          [2, 2],
          [0, 0, 0, 0],
        ],
      },
      { model_type: 'gpt2' },
    );
    expect(await values(model, 'score.weight')).toEqual(plain);
  });

  test('the decoder of a composite model has its own family', async () => {
    const path = 'decoder.transformer.h.0.attn.c_proj';
    const adapter: Tensors = {
      [`${P}${path}.lora_A.weight`]: [
        [1, 2],
        [1, 0],
      ],
      [`${P}${path}.lora_B.weight`]: [
        [2, 1],
        [0, 1],
      ],
    };
    const tensors: Tensors = {
      [`${path}.weight`]: [
        [2, 2],
        [0, 0, 0, 0],
      ],
    };
    const config = { model_type: 'vision-encoder-decoder', decoder: { model_type: 'gpt2' } };
    const model = await fold(adapter, { target_modules: ['c_proj'], fan_in_fan_out: false }, tensors, config);
    expect(await values(model, `${path}.weight`)).toEqual(turned);
  });

  test('an architecture that is known is not overruled by shapes', async () => {
    const wide: Tensors = {
      'h.0.attn.c_proj.weight': [
        [2, 3],
        [0, 0, 0, 0, 0, 0],
      ],
    };
    const adapter: Tensors = {
      [`${P2}A.weight`]: [
        [1, 3],
        [1, 0, 0],
      ],
      [`${P2}B.weight`]: [
        [2, 1],
        [0, 1],
      ],
    };
    const config = { target_modules: ['c_proj'] };
    await expect(fold(adapter, config, wide, { model_type: 'gpt2' })).rejects.toMatchObject({
      reason: 'ADAPTER_DOES_NOT_FIT',
    });
    const model = await fold(adapter, { ...config, fan_in_fan_out: true }, wide, {});
    expect(await values(model, 'h.0.attn.c_proj.weight')).toEqual([0, 0, 0, 1, 0, 0]);
  });
});
