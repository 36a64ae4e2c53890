import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { invalidInput } from '@eigenloom/errors';

import { isErrno } from '../errno.js';
import { insideFolder } from './inside-folder.js';
import { refusePickle } from './pickle.js';

/** Files of a model other than its weights and config that belong to it: tokenizer, generation, sentence-transformers. */
export const CARRIED_FILES: readonly string[] = [
  '1_Pooling/config.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'config_sentence_transformers.json',
  'generation_config.json',
  'merges.txt',
  'modules.json',
  'preprocessor_config.json',
  'sentence_bert_config.json',
  'sentencepiece.bpe.model',
  'special_tokens_map.json',
  'spiece.model',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
  'vocab.txt',
];

/** Those of the list that a folder has. */
export async function carriedFilesOf(directory: string): Promise<string[]> {
  const names = new Set(await readdir(directory).catch(refuseFile));
  const pooling = names.has('1_Pooling') ? await readdir(join(directory, '1_Pooling')).catch(() => []) : [];
  return CARRIED_FILES.filter((name) =>
    name.startsWith('1_Pooling/') ? pooling.includes(name.slice('1_Pooling/'.length)) : names.has(name),
  );
}

function refuseFile(error: unknown): never {
  if (!isErrno(error, 'ENOTDIR')) throw error;
  throw invalidInput('NOT_A_FOLDER', 'the path', 'is a file; name the folder that it is in');
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
