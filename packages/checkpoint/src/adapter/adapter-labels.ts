import { join } from 'node:path';

import { exists } from '../exists.js';
import { pickEntries } from '../json/literals.js';
import { type JsonObject, readJsonFile } from '../json-file.js';
import { insideFolder } from '../model/inside-folder.js';

const CONFIG = 'config.json';
/** Keys of a model's config that say what the rows of its head are. */
const LABEL_KEYS = ['id2label', 'label2id', 'problem_type'];

/**
 * What the `config.json` beside an adapter says of the classes of the head that it was trained with. Undefined where there is none,
 * as PEFT writes adapters.
 */
export async function adapterLabels(folder: string): Promise<JsonObject | undefined> {
  if (!(await exists(join(folder, CONFIG)))) return undefined;
  const config = await readJsonFile(await insideFolder(folder, CONFIG));
  if (config['id2label'] === undefined && config['label2id'] === undefined) return undefined;
  return Object.fromEntries(LABEL_KEYS.flatMap((key) => (key in config ? [[key, config[key]]] : [])));
}

/** A config with the classes of a head that replaces the model's. */
export function withLabels(config: JsonObject, labels: JsonObject): JsonObject {
  return {
    ...pickEntries(config, (key) => !LABEL_KEYS.includes(key)),
    ...labels,
  };
}
