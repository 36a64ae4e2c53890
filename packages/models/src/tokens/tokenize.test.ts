import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withoutSpecialTokens } from '@eigenloom/checkpoint/dist/testing/without-special-tokens.js';

import { checkTextFits } from './check-length.js';
import { tokenizeExamples } from './tokenize.js';
import { loadTokenizer } from './tokenizer.js';

const TINY = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'models', 'tiny-bert-classifier');

let folder: string;
let bare: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenize-'));
  bare = await withoutSpecialTokens(TINY, join(folder, 'bare'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('tokenizeExamples', () => {
  const examples = [
    { text: 'w3 w4 w5', line: 2 },
    { text: '', line: 7 },
    { text: 'w3', line: 8 },
  ];
  const options = { path: '/data/a.jsonl', maxLength: 2 };

  it('refuses a text without tokens by file and line', async () => {
    const tokenizer = await loadTokenizer(bare);
    await expect(
      tokenizeExamples(tokenizer, examples, { ...options, requireTokens: true }),
    ).rejects.toMatchObject({
      kind: 'CORRUPT_DATA',
      reason: 'TEXT_EMPTY',
      message: 'a.jsonl:7: the text "" has no tokens; write a text there or take the line out',
    });
  });

  it('counts those that lost their end, also of more characters than are read', async () => {
    const tokenizer = await loadTokenizer(bare);
    const more = [...examples, { text: ' '.repeat(300), line: 9 }];
    const { rows, cut } = await tokenizeExamples(tokenizer, more, { ...options, requireTokens: false });
    expect(rows.map(({ length }) => length)).toEqual([2, 0, 1, 0]);
    // The first by its tokens, the last by its characters.
    expect(cut).toBe(2);
  });
});

test('a length above the positions of a model is refused with both numbers, and said to be the default', () => {
  const field = 'max_length';
  expect(() => {
    checkTextFits({ field, maxLength: 64, isDefault: false }, 64);
  }).not.toThrow();
  expect(() => {
    checkTextFits({ field, maxLength: 65, isDefault: false }, 64);
  }).toThrow("max_length: 65 is above the model's 64 positions; set it to at most 64");
  expect(() => {
    checkTextFits({ field, maxLength: 128, isDefault: true }, 64);
  }).toThrow(
    "max_length: was not set, and the default, 128 tokens, is above the model's 64 positions; set it to at most 64",
  );
});
