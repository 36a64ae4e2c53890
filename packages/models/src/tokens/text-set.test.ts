import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TextSet } from './text-set.js';
import type { TextTokenizer } from './tokenizer.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-set-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** One token a letter; the rest says nothing. */
const tokenizer: TextTokenizer = {
  padTokenId: 0,
  encode: (text, maxLength) => tokenizer.encodeWithin(text, maxLength).ids,
  encodeWithin(text, maxLength) {
    const ids = (text.match(/[a-z]/g) ?? []).map((letter) => letter.charCodeAt(0) - 96);
    return { ids: ids.slice(0, maxLength), isCut: ids.length > maxLength };
  },
  tokenOf: (id) => String.fromCharCode(id + 96),
};
const options = { maxLength: 3 };

async function read(lines: readonly object[], requireLabels = false): Promise<TextSet> {
  const path = join(folder, 'a.jsonl');
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return TextSet.read({ path, name: 'data', place: { field: 'data.uri' } }, { requireLabels });
}

const TEXTS = [{ text: 'abcd', label: 'x' }, { text: '.' }, { text: 'a', label: 'y' }];

describe('TextSet', () => {
  it('leaves out texts without tokens, or refuses them by line', async () => {
    const set = await read(TEXTS);
    expect(await set.tokens(tokenizer, options)).toEqual([Int32Array.of(1, 2, 3), Int32Array.of(1)]);
    await expect(set.tokens(tokenizer, { ...options, requireTokens: true })).rejects.toMatchObject({
      reason: 'TEXT_EMPTY',
      message: expect.stringMatching(/^data\.uri: a\.jsonl:2: the text "\." has no tokens/) as string,
      fieldViolations: [{ field: 'data.uri' }],
    });
    const none = await read([{ text: '.' }, { text: '-' }]);
    await expect(none.tokens(tokenizer, options)).rejects.toMatchObject({
      reason: 'DATASET_EMPTY',
      message: 'data: no text of a.jsonl has a token',
    });
  });

  it('gives texts the rows of their classes, and counts those cut', async () => {
    const set = await read([TEXTS[0]!, { text: 'b' }, TEXTS[2]!]);
    expect(
      await set.classified(
        tokenizer,
        new Map([
          ['y', 0],
          ['x', 1],
        ]),
        options,
      ),
    ).toEqual({
      texts: [
        { ids: Int32Array.of(1, 2, 3), label: 1 },
        { ids: Int32Array.of(2), label: -1 },
        { ids: Int32Array.of(1), label: 0 },
      ],
      counts: { texts: 3, cut: 1, unused: 0 },
    });
  });

  it('keeps what has a next token', async () => {
    expect(await (await read(TEXTS)).withNextTokens(tokenizer, options)).toEqual({
      texts: [{ ids: Int32Array.of(1, 2, 3), label: -1 }],
      counts: { texts: 3, cut: 1, unused: 2 },
    });
    await expect((await read([{ text: 'a' }])).withNextTokens(tokenizer, options)).rejects.toMatchObject({
      reason: 'NO_NEXT_TOKENS',
      message: 'data (a.jsonl): no text has two tokens or more, so none has a next token to predict',
    });
  });

  it('names the field of a file that cannot be read', async () => {
    await expect(read([{ text: 'a' }], true)).rejects.toMatchObject({
      reason: 'LABEL_MISSING',
      message: 'data.uri: a.jsonl:1: no field label',
    });
  });
});
