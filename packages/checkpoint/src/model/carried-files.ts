import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { insideFolder } from './inside-folder.js';
import { refusePickle } from './pickle.js';

/**
 * Files of a model other than its weights and config that belong to it: tokenizer, generation, processors, sentence-transformers. The
 * tokenizers' are those that transformers looks for in any family, and those that go with them elsewhere.
 */
export const CARRIED_FILES: readonly string[] = [
  'added_tokens.json',
  'audio_tokenizer_config.json',
  'bpe.codes',
  'byte_maps.json',
  'chat_template.jinja',
  'chat_template.json',
  'config_sentence_transformers.json',
  'dict.txt',
  'emoji.json',
  'entity_vocab.json',
  'generation_config.json',
  'merges.txt',
  'modules.json',
  'normalizer.json',
  'preprocessor_config.json',
  'processor_config.json',
  'prophetnet.tokenizer',
  'qwen.tiktoken',
  'sentence_bert_config.json',
  'sentencepiece.bpe.model',
  'sentencepiece.model',
  'source.spm',
  'special_tokens_map.json',
  'spiece.model',
  'spm.model',
  'spm_char.model',
  'target.spm',
  'target_vocab.json',
  'tekken.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'video_preprocessor_config.json',
  'vocab-src.json',
  'vocab-tgt.json',
  'vocab.json',
  'vocab.txt',
  'word_pronunciation.json',
  'word_shape.json',
];

/** Folders beside the weights, and what of them belongs to the model: the modules after the transformer, and further templates. */
const CARRIED_FOLDERS: readonly (readonly [folder: RegExp, file: RegExp])[] = [
  [/^[1-9]\d*_\w+$/, /^(?:config\.json|model\.safetensors)$/],
  [/^additional_chat_templates$/, /^[\w-]+\.jinja$/],
];

/** Those that a folder has. */
export async function carriedFilesOf(directory: string): Promise<string[]> {
  const names = new Set(await readdir(directory));
  const inFolders: string[] = [];
  for (const folder of [...names].sort()) {
    const kind = CARRIED_FOLDERS.find(([pattern]) => pattern.test(folder));
    if (kind === undefined) continue;
    const files = await readdir(join(directory, folder)).catch(() => []);
    inFolders.push(...files.filter((name) => kind[1].test(name)).map((name) => `${folder}/${name}`));
  }
  return [...inFolders.sort(), ...CARRIED_FILES.filter((name) => names.has(name))];
}

/** The path of a carried file, checked: inside the folder, and no pickle under another name. */
export async function carriedFile(directory: string, name: string): Promise<string> {
  const slash = name.lastIndexOf('/');
  const folder = slash < 0 ? directory : await insideFolder(directory, name.slice(0, slash));
  const path = await insideFolder(folder, name.slice(slash + 1));
  await refusePickle(path);
  return path;
}

export async function copyCarriedFile(from: string, name: string, to: string): Promise<void> {
  await copyFile(await carriedFile(from, name), join(to, name));
}
