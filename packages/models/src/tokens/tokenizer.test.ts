import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINILM, readGolden } from '../testing/golden.js';
import { tokenize } from './tokenize.js';
import { loadTokenizer } from './tokenizer.js';

// Expected ids: transformers 5.23.0 by tests/golden/models/generate.py.
const golden = readGolden<{ texts: string[]; ids: number[][] }>('minilm.json');

describe('tokenizer', () => {
  it('gives the ids of transformers for accents, CJK, emoji, special tokens, control characters, long and empty texts', async () => {
    const tokenizer = await loadTokenizer(MINILM);
    expect(tokenizer.padTokenId).toBe(0);
    const rows = await tokenize(tokenizer, golden.texts, { maxLength: 128 });
    rows.forEach((row, i) => {
      expect({ text: golden.texts[i], ids: Array.from(row) }).toEqual({
        text: golden.texts[i],
        ids: golden.ids[i],
      });
    });
  });

  it('keeps the special tokens when it cuts, and says when there is no room for them', async () => {
    const tokenizer = await loadTokenizer(MINILM);
    expect(tokenizer.encode('one two three', 4)).toEqual([101, 2028, 2048, 102]);
    expect(tokenizer.encode('one', 2)).toEqual([101, 102]);
    expect([101, 2028, 10 ** 6].map((id) => tokenizer.tokenOf(id))).toEqual(['[CLS]', 'one', undefined]);
    expect(() => tokenizer.encode('one', 1)).toThrow(/max_length.*2 tokens/);
  });

  it('names what is missing or broken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      kind: 'NOT_FOUND',
      reason: 'TOKENIZER_MISSING',
    });
    await writeFile(join(folder, 'tokenizer.json'), '{"model":');
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      kind: 'CORRUPT_DATA',
      reason: 'JSON_INVALID',
    });
    await writeFile(join(folder, 'tokenizer.json'), '{"model":{"type":"Nothing"}}');
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ reason: 'TOKENIZER_INVALID' });
    await rm(folder, { recursive: true });
  });

  it('refuses a token that the model has no row for, as the text is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    const definition = {
      model: {
        type: 'WordPiece',
        vocab: { '[UNK]': 0, old: 1, new: 2 },
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
      ...{
        pre_tokenizer: { type: 'BertPreTokenizer' },
        normalizer: null,
        post_processor: null,
        decoder: null,
      },
      added_tokens: [],
    };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(definition));
    const encoded = async (): Promise<number[]> => (await loadTokenizer(folder)).encode('old new', 8);
    await expect(encoded()).resolves.toEqual([1, 2]);
    await writeFile(join(folder, 'config.json'), '{"vocab_size": 3}');
    await expect(encoded()).resolves.toEqual([1, 2]);
    await writeFile(join(folder, 'config.json'), '{"vocab_size": 2}');
    await expect(encoded()).rejects.toMatchObject({
      kind: 'INCOMPATIBLE',
      reason: 'TOKEN_OUT_OF_RANGE',
      message: expect.stringContaining('token "new" of the text "old new" has id 2') as string,
    });
    await rm(folder, { recursive: true });
  });
});
