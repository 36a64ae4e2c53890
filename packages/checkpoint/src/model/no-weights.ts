import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { notFound } from '@eigenloom/errors';

import { exists } from '../exists.js';
import { pickleRefused } from './pickle.js';
import { INDEX_FILE, SINGLE_FILE } from './weight-names.js';

/** Names under which PyTorch's pickles come; only to say what is wrong. */
const PICKLE =
  /^(?:pytorch_model|model|consolidated|adapter_model).*\.(?:bin|pt|pth|ckpt)(?:\.index\.json)?$/;
const TOKENIZER = /^(?:tokenizer|vocab|merges|spiece|sentencepiece|special_tokens)/;

/** What a folder without weights holds, and what to do about it, by a file that tells it. First match wins. */
const HINTS: readonly (readonly [tells: RegExp, hint: (name: string) => string])[] = [
  [
    /^adapter_(?:config\.json|model\.(?:safetensors|bin))$/,
    () =>
      'it holds an adapter: name its base as the model and put this folder under adapters, or write BASE+ADAPTER',
  ],
  [/\.gguf$/i, (name) => `it holds ${name}: GGUF is for inference; get the model's safetensors`],
  [/^model_index\.json$/, () => 'it holds a diffusers pipeline: name the folder of one of its models'],
  [
    /^(?:model|pytorch_model)-\d+-of-\d+\.safetensors$/,
    (name) => `it holds shards such as ${name} without their index, which says which of them belong to it`,
  ],
  [
    /^consolidated.*\.safetensors$/,
    (name) => `it holds ${name}, whose names are Mistral's own: convert it to the layout of transformers`,
  ],
  [/\.safetensors$/, (name) => `it holds ${name}: name that file, or rename it to ${SINGLE_FILE}`],
  [
    /\.h5$|^saved_model\.pb$/,
    (name) => `it holds ${name}: weights of TensorFlow; convert them to safetensors`,
  ],
  [/\.msgpack$/, (name) => `it holds ${name}: weights of Flax; convert them to safetensors`],
  [/\.onnx$/, (name) => `it holds ${name}: ONNX is for inference; get the model's safetensors`],
];

/** The error of a folder that has no weights: what it holds instead. Reasons: `PICKLE_REFUSED`, `NO_WEIGHTS`. */
export async function noWeights(folder: string, names: readonly string[]): Promise<Error> {
  const sorted = [...names].sort();
  const pickle = sorted.find((name) => PICKLE.test(name));
  if (pickle !== undefined && !sorted.includes('adapter_config.json')) return pickleRefused(pickle);
  const hint = hintOf(sorted) ?? (await hintOfFolders(folder, sorted)) ?? hintOfRest(sorted);
  return notFound('NO_WEIGHTS', `the folder has neither ${SINGLE_FILE} nor ${INDEX_FILE}${hint}`);
}

function hintOf(names: readonly string[]): string | undefined {
  if (names.length === 0) return '; it is empty';
  for (const broken of [SINGLE_FILE, INDEX_FILE]) {
    if (names.includes(broken)) return `: ${broken} is a link to a file that is not there`;
  }
  for (const [tells, hint] of HINTS) {
    const name = names.find((each) => tells.test(each));
    if (name !== undefined) return `; ${hint(name)}`;
  }
  return undefined;
}

/** A model may lie one folder further down: a checkpoint of a training run, a snapshot of the hub's cache. */
async function hintOfFolders(folder: string, names: readonly string[]): Promise<string | undefined> {
  const inner = names.includes('snapshots')
    ? (await readdir(join(folder, 'snapshots')).catch(() => [])).sort().map((name) => `snapshots/${name}`)
    : names;
  for (const name of inner) {
    for (const file of [SINGLE_FILE, INDEX_FILE]) {
      if (await exists(join(folder, name, file))) return `; its folder ${name} has: name that folder`;
    }
  }
  return undefined;
}

function hintOfRest(names: readonly string[]): string {
  if (names.includes('config.json')) return '; it holds a config without weights: is the download complete?';
  return names.some((name) => TOKENIZER.test(name)) ? '; it holds a tokenizer only' : '';
}
