import { withTokenIds } from './special-ids.js';

const renumbering = {
  before: new Map([
    [0, '<unk>'],
    [1, '<s>'],
    [2, '</s>'],
    [3, '<image>'],
  ]),
  after: new Map([
    ['<s>', 7],
    ['</s>', 8],
    ['<|im_end|>', 9],
    ['<image>', 5],
  ]),
  settings: {},
};
const chat = {
  ...renumbering,
  settings: { eos_token: '<|im_end|>', bos_token: { content: '<s>' }, pad_token: null },
};

test('ids go with their tokens, in sections and lists too', () => {
  const config = {
    ...{ bos_token_id: 1, eos_token_id: [2, 1], pad_token_id: null, decoder_start_token_id: 2 },
    ...{ hidden_size: 2, text_config: { image_token_index: 3, num_hidden_layers: 1 } },
    ...{ bad_words_ids: [[1, 2], [3]], suppress_tokens: [-1, 2] },
  };
  expect(withTokenIds(config, renumbering)).toEqual({
    ...{ bos_token_id: 7, eos_token_id: [8, 7], pad_token_id: null, decoder_start_token_id: 8 },
    ...{ hidden_size: 2, text_config: { image_token_index: 5, num_hidden_layers: 1 } },
    ...{ bad_words_ids: [[7, 8], [5]], suppress_tokens: [-1, 8] },
  });
});

test('a token that the tokenizer lacks is no other token', () => {
  expect(withTokenIds({ unk_token_id: 0, eos_token_id: [0, 2] }, renumbering)).toEqual({
    unk_token_id: null,
    eos_token_id: [8],
  });
});

test('the end of a text is what the tokenizer says, and what it was before', () => {
  expect(withTokenIds({ bos_token_id: 2, eos_token_id: 2, pad_token_id: 2 }, chat)).toEqual({
    bos_token_id: 7,
    eos_token_id: [9, 8],
    pad_token_id: 8,
  });
  expect(withTokenIds({ eos_token_id: 0 }, chat)).toEqual({ eos_token_id: 9 });
});

test('without the tokens of the model, only what the tokenizer names changes', () => {
  expect(withTokenIds({ bos_token_id: 1, pad_token_id: 4 }, { ...chat, before: undefined })).toEqual({
    bos_token_id: 7,
    pad_token_id: 4,
  });
});
