import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  carriedFile,
  copyCarriedFile,
  readJsonFile,
  sortedJson,
  writeModelFiles,
} from '@eigenloom/checkpoint';

import type { MergePlan } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import { type MergeRunOptions, type Merged, mergeTensors } from '../run/merge-tensors.js';
import { isTokenizerFile } from '../plan/tokenizer-files.js';
import { hasMask, writeMasks } from './write-masks.js';

/** Writes a merged model in Hugging Face layout, without a card. Errors: those of `mergeTensors`; `DISK_FULL`. */
export async function writeMerged(
  folder: string,
  plan: MergePlan,
  prepared: Preparation | undefined,
  options: MergeRunOptions,
): Promise<Merged> {
  const masked = plan.tensors.some(hasMask);
  const share = masked ? 0.5 : 1;
  const merged = await mergeTensors(folder, plan, prepared, {
    ...options,
    onProgress: (fraction) => {
      options.onProgress(share * fraction);
    },
  });
  if (masked) {
    await writeMasks(folder, plan, {
      ...options,
      onProgress: (fraction) => {
        options.onProgress(share + (1 - share) * fraction);
      },
    });
  }
  const { donor, tokenizer, shards, config } = plan;
  const carriedFiles =
    tokenizer === undefined
      ? donor.carriedFiles
      : donor.carriedFiles.filter((name) => !isTokenizerFile(name) && !tokenizer.files.includes(name));
  await writeModelFiles(folder, { directory: donor.directory, carriedFiles }, shards, config);
  for (const name of tokenizer?.files ?? []) {
    const text = tokenizer?.texts?.get(name);
    if (text === undefined) await copyCarriedFile(tokenizer?.directory ?? donor.directory, name, folder);
    else await writeFile(join(folder, name), text, { flag: 'wx' });
  }
  if (plan.chatTemplate !== undefined) await writeChatTemplate(folder, plan.chatTemplate);
  return merged;
}

/** Writes a merged model that only this job reads. */
export async function writeIntermediate(
  folder: string,
  plan: MergePlan,
  options: MergeRunOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeMerged(folder, plan, undefined, options);
}

/** Where transformers of every age looks: its own file, and the tokenizer's config. */
async function writeChatTemplate(folder: string, template: string): Promise<void> {
  const path = await carriedFile(folder, 'tokenizer_config.json');
  const config = await readJsonFile(path);
  await writeFile(path, sortedJson({ ...config, chat_template: template }));
  await writeFile(join(folder, 'chat_template.jinja'), template);
}
