import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isObject, openModel, readJsonFile } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder, requestOf } from '../testing/job-context.js';
import { allTokens } from './union-tokenizer.js';

/** Models of different vocabularies, and what mergekit 0.1.5 makes of them: tests/golden/tokenizers/make.py. */
const GOLDEN = join(__dirname, '../../../../tests/golden/tokenizers');

interface Expected {
  readonly config: string;
  readonly vocab_size: number;
  /** Rows of each tensor by token; `(padding)` is the last. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

let folder: string;
let all: Readonly<Record<string, Readonly<Record<string, Expected>>>>;
beforeAll(async () => {
  folder = await newFolder();
  all = JSON.parse(await readFile(join(GOLDEN, 'expected.json'), 'utf8')) as typeof all;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CASES = [
  ...['union', 'union-base', 'base', 'model', 'padded', 'tokens'].map((name) => ['bpe', name] as const),
  ...['wordpiece', 'unigram'].flatMap((family) => [[family, 'union'] as const, [family, 'padded'] as const]),
];

test.each(CASES)('%s, %s: every token has the rows that mergekit gives it', async (family, name) => {
  const expected = all[family]?.[name];
  if (expected === undefined) throw new Error('run make.py');
  const outputUri = join(folder, `${family}-${name}`);
  const context = contextIn(folder);
  const resolve = (uri: string): Promise<string> =>
    Promise.resolve(/^[abc]$/.test(uri) ? join(GOLDEN, 'models', family, uri) : uri);
  const request = requestOf({ mergekit: { config: expected.config }, outputUri });
  await mergeKind.run(request, { ...context, resolve });
  const model = await openModel(outputUri);
  expect(model.config['vocab_size']).toBe(expected.vocab_size);
  const ids = allTokens(await readJsonFile(join(outputUri, 'tokenizer.json')));
  for (const [tensor, rows] of Object.entries(expected.rows)) {
    expect([...ids.keys(), '(padding)'].sort()).toEqual(expect.arrayContaining(Object.keys(rows).sort()));
    expect(model.tensors.get(tensor)?.shape[0]).toBe(expected.vocab_size);
    const values = await model.read(tensor, 'f64');
    const width = values.length / expected.vocab_size;
    for (const [token, row] of Object.entries(rows)) {
      const at = token === '(padding)' ? expected.vocab_size - 1 : (ids.get(token) ?? -1);
      const own = values.subarray(at * width, (at + 1) * width);
      // Both are f32: mergekit adds in another order.
      const worst = Math.max(...own.map((value, i) => Math.abs(value - (row[i] ?? NaN))));
      expect({ tensor, token, close: worst < 5e-7 }).toEqual({ tensor, token, close: true });
    }
  }
});

test('tokens that are added keep the settings of the model that has them, and take the next ids', async () => {
  const { added_tokens: added } = await readJsonFile(join(folder, 'bpe-union', 'tokenizer.json'));
  const listed = (added as readonly unknown[]).filter(isObject);
  expect(listed.map(({ id, content }) => `${String(id)} ${String(content)}`)).toEqual([
    '6 <s>',
    // Plain tokens of b and c in order of their ids, then added ones.
    ...['7 d', '8 da', '9 cd', '10 <tool>', '11 <pad>'],
  ]);
  expect(listed.find(({ content }) => content === '<pad>')).toMatchObject({
    special: true,
    normalized: false,
  });
  expect(listed.find(({ content }) => content === '<tool>')).toMatchObject({ special: false });
  expect(listed.find(({ content }) => content === 'da')).toMatchObject({ special: false, normalized: true });
});

test.each([
  [
    'tokenizer: {source: union, tokens: {x: {source: {kind: zero}, force: 1}}}',
    'WRONG_TYPE',
    'tokens.x.force',
  ],
  ['tokenizer: {source: union, tokens: {x: {source: {kind: other}}}}', 'WRONG_TYPE', 'tokens.x.source.kind'],
  ['tokenizer: {source: union, tokens: {x: {force: true}}}', 'FIELD_MISSING', 'tokens.x.source'],
  ['tokenizer: {source: union, tokens: {x: {source: c}}}', 'OUT_OF_RANGE', 'tokens.x.source'],
  ['tokenizer: {source: union, tokens: {x: {source: a}}}', 'UNKNOWN_TOKEN', 'tokens.x.source'],
  [
    'tokenizer: {source: union, tokens: {x: {source: {kind: model_token, model: a}}}}',
    'ONEOF_CONFLICT',
    'tokens.x.source',
  ],
  [
    'tokenizer: {source: union, tokens: {x: {source: {kind: model_token, model: a, token_id: 99}}}}',
    'OUT_OF_RANGE',
    'tokens.x.source',
  ],
])('%s is refused as %s', async (tokenizer, reason, field) => {
  const config = `merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n${tokenizer}`;
  const resolve = (uri: string): Promise<string> => Promise.resolve(join(GOLDEN, 'models', 'bpe', uri));
  const request: merge.MergeRequest = requestOf({ mergekit: { config } });
  await expect(mergeKind.validate(request, { ...contextIn(folder), resolve })).rejects.toMatchObject({
    reason,
    fieldViolations: [{ field: `mergekit.tokenizer.${field}` }],
  });
});
