import type { ModelConfig } from '@eigenloom/checkpoint';

import { anatomyOf, stackLike } from './anatomy.js';
import type { MergekitInput } from './inputs.js';
import type { Module } from './modules.js';
import { resultConfig } from './result-config.js';

/** A model with a config and stacks of layers. */
function input(
  config: ModelConfig,
  stacks: Readonly<Record<string, number>>,
  label = 'models[0]',
): MergekitInput {
  const names = Object.entries(stacks).flatMap(([prefix, layers]) =>
    Array.from({ length: layers }, (_, layer) => `${prefix}.${layer}.w`),
  );
  return { model: { config }, anatomy: anatomyOf(names), label } as unknown as MergekitInput;
}

/** The layers of a stack of the result, one slice each. */
function moduleOf(
  prefix: string,
  layers: readonly (number | [MergekitInput, number])[],
  donor: MergekitInput,
): Module {
  const slices = layers.map((each) => {
    const [from, first] = typeof each === 'number' ? [donor, each] : each;
    const source = {
      at: 'x',
      input: from,
      parameters: new Map(),
      first,
      stack: stackLike(prefix, from.anatomy),
    };
    return { at: 'x', parameters: new Map(), base: undefined, sources: [source], layers: 1 };
  });
  return { prefix, slices, parameters: new Map() };
}

const LLAMA = 'model.layers';

/** What the config of a model of one stack becomes when its layers are those in the list. */
function moved(config: ModelConfig, layers: readonly number[], prefix = LLAMA, before = 4): ModelConfig {
  const donor = input(config, { [prefix]: before });
  return resultConfig(donor, [moduleOf(prefix, layers, donor)], undefined);
}

const reasonOf = (run: () => unknown): { reason: string; message: string } => {
  try {
    run();
  } catch (error) {
    return error as { reason: string; message: string };
  }
  throw new Error('was accepted');
};

// Names from the configs of transformers 5 and of models on the hub.
describe('lists with an entry for each layer', () => {
  test.each([
    'layer_types',
    'mlp_layer_types',
    'layers_block_type',
    'block_types',
    'attention_layers',
    'num_key_value_heads',
    'num_attention_heads_per_layer',
    'intermediate_size',
    'layer_rope_theta',
    'ffn_multipliers',
    'block_configs',
    'hybrid_layer_pattern',
    'sliding_window_pattern',
    'something_nobody_has_named_yet',
  ])('%s', (key) => {
    for (const path of [[], ['text_config'], ['llm_config'], ['thinker_config', 'text_config']]) {
      const wrap = (inner: ModelConfig): ModelConfig =>
        path.reduceRight<ModelConfig>((value, name) => ({ [name]: value }), inner);
      const config = wrap({ num_hidden_layers: 4, [key]: ['a', 'b', 'c', 'd'] });
      expect(moved(config, [0, 1, 1, 2, 3])).toEqual(
        wrap({ num_hidden_layers: 5, [key]: ['a', 'b', 'b', 'c', 'd'] }),
      );
      // As many layers, in another order.
      expect(moved(config, [3, 1, 2, 0])).toEqual(
        wrap({ num_hidden_layers: 4, [key]: ['d', 'b', 'c', 'a'] }),
      );
      expect(moved(config, [2])).toEqual(wrap({ num_hidden_layers: 1, [key]: ['c'] }));
    }
  });

  test('of 0 and 1 (no_rope_layers), of objects, as a text, and inside another object', () => {
    const config = {
      num_hidden_layers: 4,
      no_rope_layers: [0, 1, 1, 1],
      block_configs: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }],
      hybrid_override_pattern: 'M-*E',
      attn_config: { layer_kinds: [1, 2, 3, 4], heads: [5, 6, 7, 8] },
    };
    expect(moved(config, [3, 0])).toEqual({
      num_hidden_layers: 2,
      no_rope_layers: [1, 0],
      block_configs: [{ n: 3 }, { n: 0 }],
      hybrid_override_pattern: 'EM',
      attn_config: { layer_kinds: [4, 1], heads: [5, 6, 7, 8] },
    });
  });
});

test('lists that are as long by chance stay', () => {
  const chance = {
    architectures: ['A', 'B', 'C', 'D'],
    eos_token_id: [1, 2, 3, 4],
    bad_words_ids_tokens: [1, 2, 3, 4],
    image_size: [1, 2, 3, 4],
    pos_att_type: ['a', 'b', 'c', 'd'],
    rope_scaling: { short_factor: [1, 2, 3, 4], long_factor: [1, 2, 3, 4] },
    id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd' },
    vision_feature_layer: [0, 1, 2, 3],
    ssm_multipliers: [1, 2, 3, 4],
  };
  expect(moved({ num_hidden_layers: 4, ...chance }, [0, 1])).toEqual({ num_hidden_layers: 2, ...chance });
});

test('a list of another length stays', () => {
  expect(moved({ num_hidden_layers: 4, foo: [1, 2, 3] }, [3, 0])).toEqual({
    num_hidden_layers: 2,
    foo: [1, 2, 3],
  });
});

test.each([
  'mlp_only_layers',
  'full_attention_layers',
  'attn_layer_indices',
  'full_attn_idxs',
  'cross_attention_layers',
  'local_layer_ids',
  'fullatt_block_indexes',
  'moe_layers',
])('%s lists numbers of layers: these are the new ones', (key) => {
  expect(moved({ num_hidden_layers: 4, [key]: [1, 3] }, [1, 0, 1, 2, 3])).toEqual({
    num_hidden_layers: 5,
    [key]: [0, 2, 4],
  });
  // All of them: as long as the stack, and still numbers.
  expect(moved({ num_hidden_layers: 4, [key]: [0, 1, 2, 3] }, [3, 2])).toEqual({
    num_hidden_layers: 2,
    [key]: [0, 1],
  });
  expect(moved({ num_hidden_layers: 4, [key]: [] }, [3, 2])).toEqual({ num_hidden_layers: 2, [key]: [] });
});

describe('numbers that tell kinds by the place', () => {
  test.each<[ModelConfig, number[], ModelConfig]>([
    [{ first_k_dense_replace: 1 }, [0, 1, 2, 2, 3], { first_k_dense_replace: 1 }],
    [{ first_k_dense_replace: 1 }, [0, 0, 1, 2], { first_k_dense_replace: 2 }],
    [{ first_k_dense_replace: 2 }, [2, 3], { first_k_dense_replace: 0 }],
    // Qwen2: a window from this layer on; none has it.
    [
      { max_window_layers: 4, use_sliding_window: false },
      [0, 1, 2, 2, 3],
      { max_window_layers: 5, use_sliding_window: false },
    ],
    [
      { max_window_layers: 28, use_sliding_window: true },
      [0, 1, 2, 2, 3],
      { max_window_layers: 28, use_sliding_window: true },
    ],
    [
      { max_window_layers: 2, use_sliding_window: true },
      [0, 2, 3],
      { max_window_layers: 1, use_sliding_window: true },
    ],
    [{ num_kv_shared_layers: 1 }, [0, 3, 3], { num_kv_shared_layers: 2 }],
    [{ num_kv_shared_layers: 0 }, [3, 0], { num_kv_shared_layers: 0 }],
    [{ sliding_window_pattern: 2 }, [0, 1, 0, 1, 2, 3], { sliding_window_pattern: 2 }],
    [{ decoder_sparse_step: 1 }, [3, 0], { decoder_sparse_step: 1 }],
    // The list counts, the number is void.
    [
      { sliding_window_pattern: 2, layer_types: ['s', 'f', 's', 'f'] },
      [1, 2],
      { sliding_window_pattern: 2, layer_types: ['f', 's'] },
    ],
  ])('%j of layers %j is %j', (before, layers, after) => {
    expect(moved({ num_hidden_layers: 4, ...before }, layers)).toEqual({
      num_hidden_layers: layers.length,
      ...after,
    });
  });

  test.each<[ModelConfig, number[], string]>([
    [{ first_k_dense_replace: 1 }, [1, 0], 'first_k_dense_replace (1)'],
    [{ max_window_layers: 2, use_sliding_window: true }, [2, 0], 'max_window_layers (2)'],
    [{ num_kv_shared_layers: 1 }, [3, 0], 'num_kv_shared_layers (1)'],
    [{ sliding_window_pattern: 2 }, [0, 2], 'sliding_window_pattern (2)'],
    [{ sliding_window_pattern: 'LG' }, [1, 0], 'sliding_window_pattern ("LG")'],
    [{ full_attention_interval: 4 }, [0, 1, 1, 2, 3], 'full_attention_interval (4)'],
    [{ kv_source_layers: [0, 0, 2, 2] }, [0, 1], 'kv_source_layers names layers'],
  ])('%j of layers %j cannot say it and is named', (config, layers, named) => {
    const error = reasonOf(() => moved({ text_config: { num_hidden_layers: 4, ...config } }, layers));
    expect(error.reason).toBe('LAYER_KINDS');
    expect(error.message).toContain(`config.json: text_config.${named}`);
  });
});

describe('which object counts the layers', () => {
  test.each<[string, ModelConfig, ModelConfig]>([
    [
      'model.language_model.layers',
      {
        text_config: { num_hidden_layers: 4, l: [1, 2, 3, 4] },
        vision_config: { depth: 4, l: [1, 2, 3, 4] },
      },
      { text_config: { num_hidden_layers: 2, l: [4, 1] }, vision_config: { depth: 4, l: [1, 2, 3, 4] } },
    ],
    [
      'model.visual.blocks',
      { text_config: { num_hidden_layers: 4 }, vision_config: { depth: 4, l: [1, 2, 3, 4] } },
      { text_config: { num_hidden_layers: 4 }, vision_config: { depth: 2, l: [4, 1] } },
    ],
    // Said outside and inside, and twice in one object.
    [
      'language_model.model.layers',
      {
        n_layer: 4,
        num_hidden_layers: 4,
        text_config: { num_hidden_layers: 4 },
        audio_config: { encoder_layers: 4 },
      },
      {
        n_layer: 2,
        num_hidden_layers: 2,
        text_config: { num_hidden_layers: 2 },
        audio_config: { encoder_layers: 4 },
      },
    ],
    [
      'talker.model.layers',
      {
        thinker_config: { text_config: { num_hidden_layers: 4 } },
        talker_config: { text_config: { num_hidden_layers: 4 } },
      },
      {
        thinker_config: { text_config: { num_hidden_layers: 4 } },
        talker_config: { text_config: { num_hidden_layers: 2 } },
      },
    ],
    ['transformer.h', { n_layer: 4, num_adapter_layers: 4 }, { n_layer: 2, num_adapter_layers: 4 }],
    ['transformer.layers', { num_transformer_layers: 4 }, { num_transformer_layers: 2 }],
  ])('%s', (prefix, before, after) => {
    const donor = input(before, { [prefix]: 4, 'other.items': 3 });
    const modules = [moduleOf(prefix, [3, 0], donor), moduleOf('other.items', [0, 1, 2], donor)];
    expect(resultConfig(donor, modules, undefined)).toEqual(after);
  });

  test('an encoder and a decoder of different and of the same lengths', () => {
    const make = (config: ModelConfig, decoder: number, kept: number[]): ModelConfig => {
      const donor = input(config, { 'model.encoder.layers': 2, 'model.decoder.layers': decoder });
      const whole = Array.from({ length: decoder }, (_, i) => i);
      return resultConfig(
        donor,
        [moduleOf('model.encoder.layers', kept, donor), moduleOf('model.decoder.layers', whole, donor)],
        undefined,
      );
    };
    const bart = { encoder_layers: 2, num_hidden_layers: 2, decoder_layers: 2 };
    expect(make(bart, 2, [0])).toEqual({ encoder_layers: 1, num_hidden_layers: 1, decoder_layers: 2 });
    expect(make({ num_layers: 2, num_decoder_layers: 3, l: ['a', 'b'], m: [1, 2, 3] }, 3, [1])).toEqual({
      ...{ num_layers: 1, num_decoder_layers: 3, l: ['b'], m: [1, 2, 3] },
    });
    const nested = {
      encoder: { num_hidden_layers: 2, l: ['a', 'b'] },
      decoder: { num_hidden_layers: 2, l: ['a', 'b'] },
    };
    expect(make(nested, 2, [1])).toEqual({ ...nested, encoder: { num_hidden_layers: 1, l: ['b'] } });
    // T5's config may leave out the decoder's number where it is the encoder's.
    expect(reasonOf(() => make({ num_layers: 2 }, 2, [0]))).toMatchObject({
      reason: 'UNKNOWN_LAYERS',
      message: expect.stringContaining(
        'config.json: num_layers counts the layers of model.decoder.layers',
      ) as string,
    });
  });

  test('what counts no layers is refused by name', () => {
    expect(reasonOf(() => moved({ hidden_size: 4 }, [0]))).toMatchObject({
      reason: 'UNKNOWN_LAYERS',
      message: expect.stringContaining('the 4 layers of model.layers, of which there are now 1') as string,
    });
  });
});

describe('layers of other models', () => {
  const donor = input({ num_hidden_layers: 2, layer_types: ['a', 'b'] }, { [LLAMA]: 2 });

  test('bring the entries of their own config, wherever it has them', () => {
    const other = input(
      { text_config: { num_hidden_layers: 3, layer_types: ['c', 'd', 'e'] } },
      { [LLAMA]: 3 },
    );
    const config = resultConfig(donor, [moduleOf(LLAMA, [0, [other, 2], [other, 0]], donor)], undefined);
    expect(config).toEqual({ num_hidden_layers: 3, layer_types: ['a', 'e', 'c'] });
  });

  test('without such a list are refused by name, unless all entries are one', () => {
    const bare = input({ num_hidden_layers: 3 }, { [LLAMA]: 3 }, 'models[1]');
    const make = (of: MergekitInput): ModelConfig =>
      resultConfig(of, [moduleOf(LLAMA, [0, [bare, 2], 1], of)], undefined);
    expect(reasonOf(() => make(donor))).toMatchObject({
      reason: 'LAYER_KINDS',
      message: expect.stringContaining(
        'layer_types has an entry for each layer, and the config.json of models[1]',
      ) as string,
    });
    const uniform = input({ num_hidden_layers: 2, layer_types: ['a', 'a'] }, { [LLAMA]: 2 });
    expect(make(uniform)).toEqual({ num_hidden_layers: 3, layer_types: ['a', 'a', 'a'] });
  });
});

test('a config whose layers stay is not touched', () => {
  const config = { num_hidden_layers: 2, layer_types: ['a'], kv_source_layers: [0, 0], foo: [1, 2] };
  expect(moved(config, [0, 1], LLAMA, 2)).toEqual(config);
});
