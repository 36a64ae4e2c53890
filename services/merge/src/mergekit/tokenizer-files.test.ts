import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Model, openModel } from '@eigenloom/checkpoint';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder, requestOf } from '../testing/job-context.js';
import { tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Files {
  readonly vocab: readonly string[];
  readonly merges?: readonly unknown[];
  /** Added after the vocabulary. */
  readonly added?: readonly string[];
  /** Rows of the embeddings; default one for each token. */
  readonly rows?: number;
  readonly config?: object;
  readonly others?: Readonly<Record<string, unknown>>;
}

/** A model of two layers, all of whose tensors have one value, with a tokenizer. */
async function write(name: string, value: number, files: Files): Promise<void> {
  const { vocab, merges = [], added = [], others = {} } = files;
  const rows = files.rows ?? vocab.length + added.length;
  const embeddings = { value, shape: [rows, 1] };
  const config = { model_type: 'tiny', num_hidden_layers: 2, vocab_size: rows, ...files.config };
  const more = { 'model.embed_tokens.weight': embeddings, 'lm_head.weight': embeddings };
  await writeTinyModel(join(folder, name), tinyLlama(value, 2, more), config);
  const tokenizer = {
    model: { type: 'BPE', vocab: Object.fromEntries(vocab.map((token, id) => [token, id])), merges },
    added_tokens: added.map((content, index) => ({ content, id: vocab.length + index, special: true })),
  };
  for (const [file, content] of Object.entries({ 'tokenizer.json': tokenizer, ...others })) {
    await writeFile(join(folder, name, file), JSON.stringify(content));
  }
}

async function merged(more: string, models = ['a', 'b']): Promise<Model> {
  const listed = models.map((name) => `{model: ${name}}`).join(', ');
  const config = `merge_method: linear\nmodels: [${listed}]\nparameters: {weight: 1}\n${more}`;
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(join(folder, uri)) };
  const request = requestOf({ outputUri: join(folder, 'out'), mergekit: { config } });
  await mergeKind.validate(request, context);
  await mergeKind.run(request, context);
  return openModel(join(folder, 'out'));
}

const written = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, 'out', file), 'utf8'));

describe('the tokenizer of another model', () => {
  const ids = { bos_token_id: 1, eos_token_id: 2, pad_token_id: null };
  beforeEach(async () => {
    const others = { 'generation_config.json': { ...ids, max_length: 20 } };
    await write('a', 1, { vocab: ['<unk>', '<s>', '</s>', 'x'], config: ids, others });
    const settings = { eos_token: { content: '<|im_end|>' } };
    await write('b', 3, {
      vocab: ['x', '</s>', '<s>'],
      added: ['<|im_end|>'],
      others: { 'tokenizer_config.json': settings },
    });
  });

  test('brings its ids into config.json and generation_config.json', async () => {
    const { config } = await merged('tokenizer_source: b');
    const want = { bos_token_id: 2, eos_token_id: [3, 1], pad_token_id: null };
    expect(config).toMatchObject({ ...want, vocab_size: 4 });
    expect(await written('generation_config.json')).toEqual({ ...want, max_length: 20 });
  });

  test.each(['', 'tokenizer_source: base', 'tokenizer_source: union', 'tokenizer_source: a'])(
    'leaves them with %j',
    async (more) => {
      const { config } = await merged(more);
      expect(config).toMatchObject(ids);
      expect(await written('generation_config.json')).toEqual({ ...ids, max_length: 20 });
    },
  );
});

test.each(['base', 'union', 'b'])(
  'a tokenizer.json without a vocabulary is named with its model: %s',
  async (source) => {
    await write('a', 1, { vocab: ['x', 'y'] });
    await write('b', 3, { vocab: ['x', 'y'], others: { 'tokenizer.json': { model: { type: 'BPE' } } } });
    await expect(merged(`tokenizer_source: ${source}`)).rejects.toMatchObject({
      reason: 'CORRUPT_JSON',
      message: expect.stringMatching(
        /^mergekit\.(?:models\[1\]|tokenizer_source).*: tokenizer\.json has no vocabulary/,
      ) as string,
    });
  },
);

describe('tokens beyond the rows of the embeddings', () => {
  // `xy` is made by a merge and `<far>` is added; both have ids above the last row.
  beforeEach(async () => {
    const merges = ['x x', ['x', 'y']];
    const decoder = { 2: { content: 'z' }, 5: { content: '<far>' } };
    await write('a', 1, {
      ...{ vocab: ['x', 'y', 'z', 'xx', 'xy'], merges, added: ['<far>'], rows: 4 },
      others: { 'tokenizer_config.json': { added_tokens_decoder: decoder } },
    });
    await write('b', 3, { vocab: ['x', 'y', 'z', 'xx'], added: ['<new>'] });
  });

  test('are taken out of the base’s tokenizer', async () => {
    const { config, tensors } = await merged('tokenizer_source: base');
    expect(config).toMatchObject({ vocab_size: 4 });
    expect(tensors.get('model.embed_tokens.weight')?.shape).toEqual([4, 1]);
    expect(await written('tokenizer.json')).toEqual({
      model: { type: 'BPE', vocab: { x: 0, y: 1, z: 2, xx: 3 }, merges: ['x x'] },
      added_tokens: [],
    });
    expect(await written('tokenizer_config.json')).toEqual({ added_tokens_decoder: { 2: { content: 'z' } } });
    const card = await readFile(join(folder, 'out', 'README.md'), 'utf8');
    expect(card).toContain('2 tokens of the tokenizer have no row in its model and are taken out');
  });

  test('make room for those of a union', async () => {
    const { config } = await merged('tokenizer_source: union');
    expect(config).toMatchObject({ vocab_size: 5 });
    expect(await written('tokenizer.json')).toMatchObject({ added_tokens: [{ content: '<new>', id: 4 }] });
  });
});

test.each<[string, object, unknown]>([
  ['a list that is there', { 'added_tokens.json': { old: 2 } }, { old: 2, '<new>': 3 }],
  ['a vocabulary of the slow kind', { 'vocab.json': { x: 0 } }, { old: 2, '<new>': 3 }],
])('tokens of a union get into added_tokens.json beside %s', async (_what, others, want) => {
  await write('a', 1, { vocab: ['x', 'y'], added: ['old'], others: { ...others } });
  await write('b', 3, { vocab: ['x', 'y'], added: ['<new>'] });
  await merged('tokenizer_source: union');
  expect(await written('added_tokens.json')).toEqual(want);
});

test('a change of the number of rows is told', async () => {
  await write('a', 1, { vocab: ['x', 'y'], rows: 8 });
  await write('b', 3, { vocab: ['x', 'y'], rows: 8 });
  await merged('tokenizer_source: base');
  const card = await readFile(join(folder, 'out', 'README.md'), 'utf8');
  expect(card).toContain('the embeddings get 2 rows, as many as the tokenizer asks for, instead of 8');
});

test('modules after the transformer are copied, and the card says so', async () => {
  await write('a', 1, { vocab: ['x', 'y'] });
  await write('b', 3, { vocab: ['x', 'y'] });
  await mkdir(join(folder, 'a', '2_Dense'));
  await writeFile(join(folder, 'a', '2_Dense', 'model.safetensors'), 'dense');
  await merged('');
  expect(await readFile(join(folder, 'out', '2_Dense', 'model.safetensors'), 'utf8')).toBe('dense');
  const card = await readFile(join(folder, 'out', 'README.md'), 'utf8');
  expect(card).toContain('copied and not merged: 2_Dense/model.safetensors.');
});
