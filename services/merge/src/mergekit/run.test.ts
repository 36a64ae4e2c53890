import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Model, openModel } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import type { Dtype } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder, peftGolden, requestOf } from '../testing/job-context.js';
import { type TinyTensors, tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const CONFIG = { model_type: 'tiny', num_hidden_layers: 2, architectures: ['TinyForCausalLM'] };
const write = (name: string, value: number, layers = 2, config: object = CONFIG): Promise<string> =>
  writeTinyModel(join(folder, name), tinyLlama(value, layers), { ...config, num_hidden_layers: layers });

interface Run {
  readonly model: Model;
  readonly card: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly estimatedBytes: bigint;
}

async function run(config: string, out = 'out', more: Partial<merge.MergeRequest> = {}): Promise<Run> {
  const context = {
    ...contextIn(folder),
    resolve: (uri: string): Promise<string> => Promise.resolve(uri.startsWith('/') ? uri : join(folder, uri)),
  };
  const request = requestOf({ outputUri: join(folder, out), mergekit: { config }, ...more });
  await mergeKind.validate(request, context);
  const { diskBytes } = await mergeKind.estimate(request, context);
  const { lineage } = await (async () => {
    let seen: { inputs: Readonly<Record<string, string>> } = { inputs: {} };
    const commit: typeof context.commit = async (part, target, given, writeFiles) => {
      const artifact = await context.commit(part, target, given, writeFiles);
      seen = typeof given === 'function' ? given() : given;
      return artifact;
    };
    await mergeKind.run(request, { ...context, commit });
    return { lineage: seen };
  })();
  return {
    model: await openModel(join(folder, out)),
    card: await readFile(join(folder, out, 'README.md'), 'utf8'),
    inputs: lineage.inputs,
    estimatedBytes: diskBytes,
  };
}

const valueOf = async (model: Model, name: string): Promise<number | undefined> =>
  (await model.read(name, 'f64'))[0];
const Q = (layer: number): string => `model.layers.${layer}.self_attn.q_proj.weight`;

test('slices: values, renumbered layers, config', async () => {
  await write('a', 1, 3);
  await write('b', 2, 3);
  const { model } = await run(`
merge_method: linear
out_dtype: bfloat16
slices:
- sources: [{model: a, layer_range: [0, 2], parameters: {weight: 1}}]
- sources:
  - {model: a, layer_range: [1, 3], parameters: {weight: 3}}
  - {model: b, layer_range: [0, 2], parameters: {weight: 1}}
`);
  // The layers of a are 1, 11, 21 and those of b 2, 12, 22: ¾·11 + ¼·2 and ¾·21 + ¼·12.
  const layers = await Promise.all([0, 1, 2, 3].map((layer) => valueOf(model, Q(layer))));
  expect(layers).toEqual([1, 11, 8.75, 18.75]);
  expect(model.tensors.get(Q(0))?.dtype).toBe('BF16');
  expect(model.tensors.has(Q(4))).toBe(false);
  expect(model.config).toEqual({ ...CONFIG, num_hidden_layers: 4, torch_dtype: 'bfloat16' });
});

test('the layers of an encoder with a prefix, of GPT-2 and of a model of two modules', async () => {
  const bert = {
    'bert.embeddings.word_embeddings.weight': 1,
    'bert.encoder.layer.0.w.weight': 1,
    'bert.encoder.layer.1.w.weight': 3,
  };
  const bare = {
    'embeddings.word_embeddings.weight': 2,
    'encoder.layer.0.w.weight': 2,
    'encoder.layer.1.w.weight': 4,
  };
  await writeTinyModel(join(folder, 'bert'), { ...bert, 'classifier.weight': 7 }, { num_hidden_layers: 2 });
  await writeTinyModel(join(folder, 'bare'), bare, { num_hidden_layers: 2 });
  const task = await run(
    'merge_method: task_arithmetic\nbase_model: bare\nmodels: [{model: bert, parameters: {weight: [1, 3]}}]',
    'task',
  );
  // bare + w·(bert − bare) with w of 1 and 3: 2 − 1 and 4 − 3.
  expect([
    await valueOf(task.model, 'encoder.layer.0.w.weight'),
    await valueOf(task.model, 'encoder.layer.1.w.weight'),
  ]).toEqual([1, 1]);
  expect(task.card).toContain('Left out, because the base does not have them: `classifier.weight`.');

  await writeTinyModel(
    join(folder, 'gpt'),
    {
      'transformer.wte.weight': 1,
      'transformer.h.0.w': 1,
      'transformer.h.1.w': 2,
      'transformer.ln_f.weight': 5,
    },
    { n_layer: 2 },
  );
  const one = (from: number): string =>
    `{sources: [{model: gpt, layer_range: [${from}, ${from + 1}], parameters: {weight: 1}}]}`;
  const gpt = await run(`merge_method: linear\nslices: [${[1, 0, 1].map(one).join(', ')}]`, 'gpt-out');
  const values = await Promise.all([0, 1, 2].map((layer) => valueOf(gpt.model, `transformer.h.${layer}.w`)));
  expect(values).toEqual([2, 1, 2]);
  expect(gpt.model.config).toEqual({ n_layer: 3 });

  const parts = (value: number): Record<string, number> =>
    Object.fromEntries(
      ['encoder', 'decoder'].flatMap((part) =>
        [0, 1].map((layer) => [`${part}.block.${layer}.w`, value + layer]),
      ),
    );
  await writeTinyModel(
    join(folder, 't5'),
    { 'shared.weight': 1, ...parts(1) },
    { num_layers: 2, num_decoder_layers: 2 },
  );
  const part = (range: string): string =>
    `{slices: [{sources: [{model: t5, layer_range: ${range}, parameters: {weight: 1}}]}]}`;
  const t5 = await run(
    `merge_method: linear\nmodules: {encoder: ${part('[0, 2]')}, decoder: ${part('[1, 2]')}}`,
    't5-out',
  );
  expect([...t5.model.tensors.keys()].sort()).toEqual([
    'decoder.block.0.w',
    'encoder.block.0.w',
    'encoder.block.1.w',
    'shared.weight',
  ]);
  expect(await valueOf(t5.model, 'decoder.block.0.w')).toBe(2);
  expect(t5.model.config).toEqual({ num_layers: 2, num_decoder_layers: 1 });
});

test('a graph of documents: results by name, the unnamed one is the result', async () => {
  await write('a', 1);
  await write('b', 3);
  await write('c', 8);
  const { model, inputs, card, estimatedBytes } = await run(`
merge_method: linear
models: [{model: middle}, {model: c}]
parameters: {weight: 1}
---
name: middle
merge_method: linear
models: [{model: low}, {model: b}]
parameters: {weight: 1}
---
name: low
merge_method: linear
models: [{model: a}, {model: b}]
parameters: {weight: 1}
`);
  // ((1 + 3)/2 + 3)/2 = 2.5, then (2.5 + 8)/2.
  expect(await valueOf(model, Q(0))).toBe(5.25);
  expect(Object.keys(inputs)).toEqual([
    'models/0/model.safetensors',
    'models/1/model.safetensors',
    'models/2/model.safetensors',
  ]);
  expect(card).toContain('name: middle');
  expect(card).toContain('- model: middle');
  // Three merges of seven tensors of two f32.
  expect(estimatedBytes).toBe(BigInt(3 * 7 * 2 * 4));
});

const two = 'models: [{model: a, parameters: {weight: 1}}]';
test.each([
  ['FIELD_MISSING', 'mergekit[1].name', `merge_method: linear\n${two}\n---\nmerge_method: linear\n${two}`],
  [
    'FIELD_DUPLICATE',
    'mergekit[1].name',
    `name: x\nmerge_method: linear\n${two}\n---\nname: x\nmerge_method: linear\n${two}`,
  ],
  [
    'RESULT_UNUSED',
    'mergekit[0]',
    `name: x\nmerge_method: linear\n${two}\n---\nmerge_method: linear\n${two}`,
  ],
  [
    'MERGE_CYCLE',
    'mergekit[0]',
    `name: x\nmerge_method: linear\n${two.replace('model: a', 'model: y')}\n---\nname: y\nmerge_method: linear\n${two.replace('model: a', 'model: x')}\n---\nmerge_method: linear\n${two.replace('model: a', 'model: x')}`,
  ],
])('%s in a graph names %s', async (reason, field, config) => {
  await write('a', 1);
  await expect(run(config)).rejects.toMatchObject({ reason, fieldViolations: [{ field }] });
});

test('the card and so the bytes do not depend on where the models are or how they are written', async () => {
  await write('a', 1);
  await write('b', 3);
  const config = (a: string, b: string): string =>
    `# ${a}\nmerge_method: linear\nmodels: [{model: ${a}}, {model: ${b}}]\nparameters: {weight: 1, density: 0.5}`;
  const plain = await run(config('a', 'b'), 'one');
  const full = await run(config(`{model: {path: ${folder}/a}}`, `${folder}/b`), 'two');
  expect(plain.card).toBe(full.card);
  expect(plain.card).not.toContain(folder);
  expect(plain.card.match(/model: sha256:[0-9a-f]{64}\n/g)).toHaveLength(2);
  expect(plain.card).toContain('linear has no parameter density; it is not used.');
});

test('a NaN is reported with the model and its tensor', async () => {
  await write('a', 1);
  await writeTinyModel(join(folder, 'bad'), tinyLlama(1, 2, { [Q(1)]: NaN }), CONFIG);
  const config =
    'merge_method: linear\nparameters: {weight: 1}\nslices: [{sources: [{model: bad, layer_range: [1, 2]}, {model: a, layer_range: [0, 1]}]}]';
  await expect(run(config)).rejects.toMatchObject({
    reason: 'NON_FINITE_INPUT',
    message: `mergekit.slices[0].sources[0].model: tensor "${Q(1)}" has 2 NaN or infinite values`,
  });
});

// 7e4 is finite in every input; float16 ends at 65504.
describe('a result that its type cannot hold', () => {
  const large = { [Q(0)]: 7e4 };
  const HALF = 'dtype: float16\n';

  test.each([
    ['passed through', `merge_method: passthrough\n${HALF}models: [{model: large}]`],
    ['scaled', 'merge_method: passthrough\nmodels: [{model: half, parameters: {scale: 4}}]'],
    [
      'merged',
      `merge_method: linear\n${HALF}parameters: {weight: 1}\nmodels: [{model: large}, {model: large2}]`,
    ],
    [
      'of an intermediate',
      `name: x\n${HALF}merge_method: passthrough\nmodels: [{model: large}]\n---\nmerge_method: passthrough\nmodels: [{model: x}]`,
    ],
    // 4e38 is beyond f32 before it is halved.
    [
      'in the arithmetic',
      'merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: huge}, {model: huge2}]',
    ],
  ])('%s is refused by the name of its tensor, and nothing is left', async (name, config) => {
    await writeTinyModel(join(folder, 'large'), tinyLlama(1, 2, large), CONFIG);
    await writeTinyModel(join(folder, 'large2'), tinyLlama(1, 2, large), CONFIG);
    const half = { value: 3e4, dtype: 'F16' as const };
    await writeTinyModel(join(folder, 'half'), tinyLlama(1, 2, { [Q(0)]: half }), CONFIG);
    await writeTinyModel(join(folder, 'huge'), tinyLlama(1, 2, { [Q(0)]: 3e38 }), CONFIG);
    await writeTinyModel(join(folder, 'huge2'), tinyLlama(1, 2, { [Q(0)]: 3e38 }), CONFIG);
    const out = `overflow-${name.replaceAll(' ', '-')}`;
    await expect(run(config, out)).rejects.toMatchObject({
      kind: 'NUMERIC',
      reason: 'NON_FINITE_RESULT',
      details: { tensor: Q(0), count: '2', dtype: name === 'in the arithmetic' ? 'F32' : 'F16' },
    });
    const left = await readdir(folder);
    expect(left.filter((each) => each.startsWith(out))).toEqual([]);
  });

  test('is written where the request allows it', async () => {
    await writeTinyModel(join(folder, 'large'), tinyLlama(1, 2, large), CONFIG);
    const config = `merge_method: passthrough\n${HALF}models: [{model: large}]`;
    const { model } = await run(config, 'allowed', { allowNonFinite: true });
    expect(await valueOf(model, Q(0))).toBe(Infinity);
  });
});

describe('tokenizer and chat template', () => {
  const TEMPLATE = '{% for message in messages %}{{ message.content }}{% endfor %}';
  const tokens = (...names: string[]): string =>
    JSON.stringify({
      model: { vocab: Object.fromEntries(names.map((name, id) => [name, id])) },
      added_tokens: [],
    });
  const withTokenizer = async (
    name: string,
    value: number,
    vocabulary: string,
    template?: string,
  ): Promise<void> => {
    await write(name, value, 2, { ...CONFIG, vocab_size: 2 });
    await writeFile(join(folder, name, 'tokenizer.json'), vocabulary);
    const config = template === undefined ? { from: name } : { from: name, chat_template: template };
    await writeFile(join(folder, name, 'tokenizer_config.json'), JSON.stringify(config));
  };
  const config = (more: string): string =>
    `merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n${more}`;
  const fromOf = async (out: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, out, 'tokenizer_config.json'), 'utf8'));

  beforeEach(async () => {
    await withTokenizer('a', 1, tokens('x', 'y'), `${TEMPLATE}a`);
    await withTokenizer('b', 3, `${tokens('x', 'y')} `, TEMPLATE);
    await withTokenizer('c', 3, tokens('y', 'x'));
  });

  test.each([
    '',
    'tokenizer_source: base',
    'tokenizer_source: union',
    'tokenizer: {source: a, pad_to_multiple_of: 2}',
  ])('that of the first model is copied with %j', async (more) => {
    await run(config(more));
    expect(await fromOf('out')).toMatchObject({ from: 'a' });
  });

  test('that of another model', async () => {
    const { inputs } = await run(config('tokenizer_source: b'));
    expect(await fromOf('out')).toMatchObject({ from: 'b' });
    expect(Object.keys(inputs)).toContain('tokenizer/tokenizer.json');
  });

  test('other orders of tokens and other numbers of rows rearrange the embeddings', async () => {
    const of = async (more: string, out: string): Promise<unknown> => {
      const { model } = await run(config(more), out);
      const values = await model.read('model.embed_tokens.weight', 'f64');
      return [model.config['vocab_size'], ...values];
    };
    // Each model has one value in all rows; the mean of 1 and 3 is 2, and so is the mean of the rows, which fills the padding.
    expect(await of('tokenizer_source: c', 'c-order')).toEqual([2, 2, 2]);
    expect(await of('tokenizer: {source: base, pad_to_multiple_of: 4}', 'padded')).toEqual([4, 2, 2, 2, 2]);
    expect(await fromOf('c-order')).toMatchObject({ from: 'c' });
  });

  test('a template is written where transformers looks', async () => {
    const other = TEMPLATE.replace('content', 'text');
    await run(config(`chat_template: "${other}"`));
    expect(await fromOf('out')).toMatchObject({ from: 'a', chat_template: other });
    expect(await readFile(join(folder, 'out', 'chat_template.jinja'), 'utf8')).toBe(other);
  });

  test('auto takes the template that most models have', async () => {
    await withTokenizer('d', 5, tokens('x', 'y'), ` ${TEMPLATE}\n`);
    await run(config('chat_template: auto').replace('{model: b}', '{model: b}, {model: d}'));
    expect(await fromOf('out')).toMatchObject({ from: 'a', chat_template: TEMPLATE });
  });
});

test('override_architecture stands in the config, layer_types move with the layers', async () => {
  await write('a', 1, 2, { ...CONFIG, layer_types: ['full', 'sliding'] });
  const source = (range: string): string =>
    `{sources: [{model: {model: a, override_architecture: Other}, layer_range: ${range}, parameters: {weight: 1}}]}`;
  const { model } = await run(`merge_method: linear\nslices: [${source('[1, 2]')}, ${source('[0, 2]')}]`);
  expect(model.config).toMatchObject({
    architectures: ['Other'],
    num_hidden_layers: 3,
    layer_types: ['sliding', 'full', 'sliding'],
  });
});

test.each([
  `${peftGolden('base')}+${peftGolden('adapters/lora')}`,
  `{model: {path: ${peftGolden('base')}}, lora: ${peftGolden('adapters/lora')}}`,
])('an adapter is folded in as PEFT does: %s', async (reference) => {
  const { model, inputs } = await run(
    `merge_method: linear\nmodels: [{model: ${reference}, parameters: {weight: 1}}]`,
  );
  const expected = await openModel(peftGolden('adapters/lora/merged.safetensors'));
  for (const name of expected.tensors.keys()) {
    const [ours, theirs] = await Promise.all([model.read(name, 'f32'), expected.read(name, 'f32')]);
    const off = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? NaN))), 0);
    expect(off).toBeLessThan(1e-6);
  }
  expect(Object.keys(inputs)).toEqual([
    'models/0/model.safetensors',
    'models/0/adapters/0/adapter_config.json',
    'models/0/adapters/0/adapter_model.safetensors',
  ]);
});

test('types may be mixed, integers are copied, shards are as large as the request says', async () => {
  const tensors = (dtype: Dtype, value: number): TinyTensors => ({
    'model.layers.0.w': { value, dtype },
    'model.layers.1.w': { value, dtype },
    'model.ids': { value: 7, dtype: 'I64' },
  });
  await writeTinyModel(join(folder, 'f8'), tensors('F8_E4M3', 1.5), CONFIG);
  await writeTinyModel(join(folder, 'half'), tensors('BF16', 2), CONFIG);
  const { model } = await run(
    'merge_method: linear\ndtype: torch.float32\nmodels: [{model: f8}, {model: half}]\nparameters: {weight: 1}',
    'out',
    { maxShardBytes: 16n },
  );
  expect(await valueOf(model, 'model.layers.1.w')).toBe(1.75);
  expect(model.tensors.get('model.layers.1.w')?.dtype).toBe('F32');
  expect(model.tensors.get('model.ids')?.dtype).toBe('I64');
  expect([...model.weightFiles.keys()]).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
  ]);
});

test('a result of the graph may bring the tokenizer', async () => {
  for (const [name, value] of [
    ['a', 1],
    ['b', 3],
  ] as const) {
    await write(name, value, 2, { ...CONFIG, vocab_size: 1 });
    await writeFile(join(folder, name, 'vocab.txt'), name === 'a' ? 'x\n' : 'x');
  }
  const linear = 'merge_method: linear\nparameters: {weight: 1}\n';
  await run(
    `name: half\n${linear}models: [{model: b}, {model: a}]\n---\n${linear}models: [{model: a}, {model: b}]\ntokenizer_source: half`,
  );
  expect(await readFile(join(folder, 'out', 'vocab.txt'), 'utf8')).toBe('x');
});

test('an adapter on a result of the graph is an input', async () => {
  const base = peftGolden('base');
  const { inputs, card, model } = await run(
    `name: half\nmerge_method: linear\nmodels: [{model: ${base}}]\nparameters: {weight: 1}\n---\n` +
      `merge_method: linear\nmodels: [{model: half+${peftGolden('adapters/lora')}}]\nparameters: {weight: 1}`,
  );
  expect(Object.keys(inputs).sort()).toEqual([
    'models/0/model.safetensors',
    'models/1/adapters/0/adapter_config.json',
    'models/1/adapters/0/adapter_model.safetensors',
  ]);
  expect(card).toMatch(/model: half\+sha256:(?!e3b0c442)[0-9a-f]{64}\n/);
  const [name] = [...model.tensors.keys()].filter((key) => key.endsWith('q_proj.weight'));
  const expected = await openModel(peftGolden('adapters/lora/merged.safetensors'));
  const [ours, theirs] = await Promise.all([valueOf(model, name ?? ''), valueOf(expected, name ?? '')]);
  expect(ours).toBeCloseTo(theirs ?? NaN, 6);
});
