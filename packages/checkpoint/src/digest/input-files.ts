import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { sha256File } from '@eigenloom/numeric';

import { ADAPTER_FILES } from '../adapter/adapter.js';
import type { Model } from '../model/model.js';
import type { DigestCache } from './digest-cache.js';

/** Files that a job reads, by the names that they have in its lineage: `model/model.safetensors`. */
export type InputFiles = ReadonlyMap<string, string>;

/** Of a model's folder, what says how its weights and its examples are read. */
const MODEL_FILES = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'];
/** Beside an adapter that saved a head, config.json names the classes. */
const BESIDE_ADAPTER = ['config.json'];

/** The weight files of a model, and its config, tokenizer and preprocessor where it has them. */
export async function modelFiles(role: string, model: Model): Promise<InputFiles> {
  const weights = [...model.weightFiles.values()].map((path) => named(role, path));
  return new Map([...weights, ...(await present(role, model.directory, MODEL_FILES))]);
}

/** The files of an adapter in a folder. */
export const adapterFiles = async (role: string, folder: string): Promise<InputFiles> =>
  new Map(await present(role, folder, [...ADAPTER_FILES, ...BESIDE_ADAPTER]));

/** A data file, or the files of a data folder at any depth. */
export async function dataFiles(role: string, path: string): Promise<InputFiles> {
  if (!(await stat(path)).isDirectory()) return new Map([named(role, path)]);
  const names = await readdir(path, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.sort().map((file) => [`${role}/${file.slice(path.length + 1)}`, file] as const));
}

const named = (role: string, path: string): readonly [string, string] => [`${role}/${basename(path)}`, path];

async function present(
  role: string,
  folder: string,
  names: readonly string[],
): Promise<(readonly [string, string])[]> {
  const there = new Set(await readdir(folder));
  return names.filter((name) => there.has(name)).map((name) => named(role, join(folder, name)));
}

/** The files of several inputs together. */
export const allFiles = (...parts: readonly InputFiles[]): InputFiles =>
  new Map(parts.flatMap((part) => [...part]));

/** SHA-256 of files by their names; `digests` knows those of files that have not changed. Errors: the system's, for a file that is gone. */
export async function digestsOf(
  files: InputFiles,
  { signal, digests }: { readonly signal: AbortSignal; readonly digests?: DigestCache | undefined },
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, path] of files) {
    found[name] = await (digests === undefined ? sha256File(path, { signal }) : digests.of(path, signal));
  }
  return found;
}
