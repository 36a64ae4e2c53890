import { allTokens, withTokens } from './union-tokenizer.js';

test('a vocabulary of 300,000 tokens takes one more, with the next id', () => {
  const vocab = Object.fromEntries(Array.from({ length: 300_000 }, (_, id) => [`t${id}`, id]));
  const more = withTokens({ model: { type: 'BPE', vocab }, added_tokens: [] }, ['t5', 'new'], new Map());
  expect(allTokens(more).get('new')).toBe(300_000);
  expect(more['added_tokens']).toHaveLength(1);
});
