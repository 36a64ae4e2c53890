import { carriedFile, isObject, opening, readJsonFile } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import { readFile } from 'node:fs/promises';

import type { MergekitDocument } from './document.js';
import type { MergekitInput } from './inputs.js';

/** Templates that mergekit brings along. */
const NAMED = ['alpaca', 'chatml', 'exaone', 'llama3', 'mistral'];
/** Shorter ones cannot be templates; the same bound as in mergekit. */
const MIN_LENGTH = 20;

/**
 * The chat template that a document asks for: its text, or with `auto` the one that most models have. Undefined when it says nothing,
 * or when no model has one. Errors: `UNSUPPORTED_CHAT_TEMPLATE` for mergekit's own, `TOKENIZER_MISSING`, `WRONG_TYPE`.
 */
export async function planChatTemplate(
  { chatTemplate, at: document }: MergekitDocument,
  tokenizerFiles: readonly string[],
  models: readonly MergekitInput[],
): Promise<string | undefined> {
  if (chatTemplate === undefined) return undefined;
  const at = `${document}.chat_template`;
  const template = chatTemplate === 'auto' ? await mostCommon(models) : checked(chatTemplate, at);
  if (template !== undefined && !tokenizerFiles.includes('tokenizer_config.json')) {
    throw invalidInput('TOKENIZER_MISSING', at, 'the result has no tokenizer_config.json to write it to');
  }
  return template;
}

function checked(template: string, at: string): string {
  if (NAMED.includes(template)) {
    throw invalidInput('UNSUPPORTED_CHAT_TEMPLATE', at, `give the text of ${template} itself`);
  }
  if (template.length < MIN_LENGTH || !template.includes('{')) {
    throw invalidInput('WRONG_TYPE', at, 'must be auto or the text of a Jinja template');
  }
  return template;
}

async function mostCommon(models: readonly MergekitInput[]): Promise<string | undefined> {
  const counts = new Map<string, number>();
  for (const { model, label } of models) {
    const template = await opening({ field: label }, () => templateOf(model.directory, model.carriedFiles));
    if (template !== undefined) counts.set(template, (counts.get(template) ?? 0) + 1);
  }
  const [best] = [...counts].sort(([, x], [, y]) => y - x);
  return best?.[0];
}

async function templateOf(directory: string, files: readonly string[]): Promise<string | undefined> {
  if (files.includes('chat_template.jinja')) {
    return (await readFile(await carriedFile(directory, 'chat_template.jinja'), 'utf8')).trim() || undefined;
  }
  if (!files.includes('tokenizer_config.json')) return undefined;
  const config = await readJsonFile(await carriedFile(directory, 'tokenizer_config.json'));
  return defaultOf(config['chat_template'])?.trim() || undefined;
}

/** One template, or several by name. */
function defaultOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return isObject(value) ? defaultOf(value['default']) : undefined;
  const named: unknown = value.find((entry) => isObject(entry) && entry['name'] === 'default');
  return isObject(named) ? defaultOf(named['template']) : undefined;
}
