const TOKENIZER_FILES: ReadonlySet<string> = new Set([
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'merges.txt',
  'sentencepiece.bpe.model',
  'special_tokens_map.json',
  'spiece.model',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
  'vocab.txt',
]);

/** Whether a file that a model carries belongs to its tokenizer. */
export const isTokenizerFile = (name: string): boolean => TOKENIZER_FILES.has(name);
