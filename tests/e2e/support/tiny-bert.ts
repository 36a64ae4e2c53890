import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorValues, writeSafetensors } from './safetensors.js';

const HIDDEN = 32;
const INTERMEDIATE = 64;
const LAYERS = 2;
const POSITIONS = 32;
const STANDARD_DEVIATION = 0.15;

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
/** Words of two topics, so that a classifier has something to learn. */
export const TOPICS = {
  kitchen: ['bake', 'bread', 'butter', 'knife', 'oven', 'pepper', 'salt', 'soup', 'spoon', 'sugar'],
  weather: ['cloud', 'cold', 'fog', 'frost', 'hail', 'rain', 'snow', 'storm', 'sun', 'wind'],
} as const;
const FILLERS = ['a', 'and', 'in', 'of', 'the', 'with'];

/** mulberry32: a seeded generator that is the same everywhere. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tensors of a small random BERT encoder, by their Hugging Face names. */
export function tinyBertTensors(seed: number): Record<string, TensorValues> {
  const next = uniform(seed);
  const tensors: Record<string, TensorValues> = {};
  // The sum of two uniform numbers is near enough to a bell curve, with the same bits on every machine.
  const noise = (...shape: number[]): TensorValues => ({
    shape,
    values: Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => (next() + next() - 1) * STANDARD_DEVIATION * Math.sqrt(6),
    ),
  });
  const linear = (name: string, rows: number, columns: number): void => {
    tensors[`${name}.weight`] = noise(rows, columns);
    tensors[`${name}.bias`] = noise(rows);
  };
  const layerNorm = (name: string): void => {
    tensors[`${name}.weight`] = { shape: [HIDDEN], values: new Float32Array(HIDDEN).fill(1) };
    tensors[`${name}.bias`] = { shape: [HIDDEN], values: new Float32Array(HIDDEN) };
  };
  const vocabulary = SPECIAL.length + FILLERS.length + TOPICS.kitchen.length + TOPICS.weather.length;
  tensors['embeddings.word_embeddings.weight'] = noise(vocabulary, HIDDEN);
  tensors['embeddings.position_embeddings.weight'] = noise(POSITIONS, HIDDEN);
  tensors['embeddings.token_type_embeddings.weight'] = noise(2, HIDDEN);
  layerNorm('embeddings.LayerNorm');
  for (let layer = 0; layer < LAYERS; layer++) {
    const at = `encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${at}.attention.self.${part}`, HIDDEN, HIDDEN);
    linear(`${at}.attention.output.dense`, HIDDEN, HIDDEN);
    layerNorm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, INTERMEDIATE, HIDDEN);
    linear(`${at}.output.dense`, HIDDEN, INTERMEDIATE);
    layerNorm(`${at}.output.LayerNorm`);
  }
  linear('pooler.dense', HIDDEN, HIDDEN);
  return tensors;
}

const words = (): string[] => [...SPECIAL, ...FILLERS, ...TOPICS.kitchen, ...TOPICS.weather];

function tokenizer(): object {
  const vocab = Object.fromEntries(words().map((word, id) => [word, id]));
  const special = (content: string): object => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

/** Writes a small random BERT with its tokenizer in Hugging Face layout. The seed decides the weights. */
export async function writeTinyBert(
  folder: string,
  seed = 1,
  tensors: Readonly<Record<string, TensorValues>> = tinyBertTensors(seed),
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const config = {
    architectures: ['BertModel'],
    model_type: 'bert',
    attention_probs_dropout_prob: 0,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0,
    hidden_size: HIDDEN,
    initializer_range: 0.02,
    intermediate_size: INTERMEDIATE,
    layer_norm_eps: 1e-12,
    max_position_embeddings: POSITIONS,
    num_attention_heads: 4,
    num_hidden_layers: LAYERS,
    pad_token_id: 0,
    torch_dtype: 'float32',
    type_vocab_size: 2,
    vocab_size: words().length,
  };
  const settings = {
    tokenizer_class: 'BertTokenizer',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
    pad_token: '[PAD]',
    sep_token: '[SEP]',
    unk_token: '[UNK]',
    model_max_length: POSITIONS,
  };
  const json = (name: string, value: object): Promise<void> =>
    writeFile(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
  await json('config.json', config);
  await json('tokenizer.json', tokenizer());
  await json('tokenizer_config.json', settings);
  await writeFile(join(folder, 'vocab.txt'), `${words().join('\n')}\n`);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
}

/** Writes labelled sentences of the two topics as JSONL. */
export async function writeTopics(path: string, count: number, seed: number): Promise<void> {
  const next = uniform(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(next() * list.length)] ?? '';
  const lines = Array.from({ length: count }, (_, index) => {
    const label = index % 2 === 0 ? 'kitchen' : 'weather';
    const text = Array.from({ length: 8 }, () => pick(next() < 0.5 ? FILLERS : TOPICS[label])).join(' ');
    return JSON.stringify({ text, label });
  });
  await writeFile(path, `${lines.join('\n')}\n`);
}
