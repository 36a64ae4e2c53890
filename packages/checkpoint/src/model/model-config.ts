import { pickEntries } from '../json/literals.js';
import { type JsonObject, readJsonFile } from '../json-file.js';
import { insideFolder } from './inside-folder.js';

/** `config.json` as it stands. */
export type ModelConfig = JsonObject;

/** Keys that make other tools load and run code beside the weights. Ignored, reported, and not written. */
const CODE_KEYS = ['auto_map', 'trust_remote_code', 'custom_pipelines'];

export interface LoadedConfig {
  readonly config: ModelConfig;
  /** What was ignored, as `config.json: auto_map`. */
  readonly ignored: readonly string[];
}

/** Reads `config.json` and looks for keys that would run code, there and in the tokenizer's config. */
export async function loadConfig(directory: string, present: readonly string[]): Promise<LoadedConfig> {
  const config = present.includes('config.json')
    ? await readJsonFile(await insideFolder(directory, 'config.json'))
    : {};
  const ignored = codeKeys('config.json', config);
  if (present.includes('tokenizer_config.json')) {
    const tokenizer = await readJsonFile(await insideFolder(directory, 'tokenizer_config.json'));
    ignored.push(...codeKeys('tokenizer_config.json', tokenizer));
  }
  return { config, ignored };
}

function codeKeys(file: string, config: JsonObject): string[] {
  return CODE_KEYS.filter((key) => key in config).map((key) => `${file}: ${key}`);
}

/** A config without the keys that would run code. */
export function withoutCodeKeys(config: JsonObject): JsonObject {
  return pickEntries(config, (key) => !CODE_KEYS.includes(key));
}

/** The architectures that a config names; empty if it names none. */
export function architecturesOf(config: ModelConfig): readonly string[] {
  const value = config['architectures'];
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
