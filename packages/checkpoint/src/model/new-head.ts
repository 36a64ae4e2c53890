import { CONFIG_FILE } from '../adapter/adapter.js';
import { adapterLabels } from '../adapter/adapter-labels.js';
import { type JsonObject, isObject, readJsonFile } from '../json-file.js';
import { insideFolder } from './inside-folder.js';
import type { TensorInfo } from './model.js';
import { type ModelConfig, architecturesOf } from './model-config.js';

/** What PEFT calls the tasks whose heads it stores with an adapter, and how classes of transformers with such a head end. */
const CLASSES: Readonly<Record<string, string>> = {
  SEQ_CLS: 'ForSequenceClassification',
  TOKEN_CLS: 'ForTokenClassification',
};
/** The last matrix of such a head, with a row for each class. */
const HEAD = /(?:^|\.)(?:score|classifier|(?:classifier|classification_head)\.out_proj|logits_proj)\.weight$/;
const CLASS_NAME = /^(.*?)(?:Model|(?:LMHead|DoubleHeads)Model|PreTrainedModel|For[A-Z]\w*)$/;

/**
 * The config of a model to which an adapter brought a head for classes: without their number transformers makes a head of two rows, and
 * loads neither weights nor names. The names are those of the adapter's own config.json where it has one for so many classes.
 */
export async function withNewHead(
  config: ModelConfig,
  before: { has(name: string): boolean },
  tensors: ReadonlyMap<string, TensorInfo>,
  adapters: readonly string[],
): Promise<ModelConfig> {
  const head = [...tensors.values()].find(({ name }) => !before.has(name) && HEAD.test(name));
  const count = head?.shape[0];
  if (count === undefined || Object.keys(config).length === 0) return config;
  for (const folder of [...adapters].reverse()) {
    const { task_type: task } = await readJsonFile(await insideFolder(folder, CONFIG_FILE));
    const ending = CLASSES[String(task)];
    if (ending === undefined) continue;
    const [name] = architecturesOf(config);
    const stem = CLASS_NAME.exec(name ?? '')?.[1];
    const architectures = stem === undefined ? {} : { architectures: [stem + ending] };
    return { ...config, ...architectures, ...labelsOf((await adapterLabels(folder)) ?? {}, config, count) };
  }
  return config;
}

/** Names for so many classes: the adapter's, else the model's, else those that transformers gives. */
function labelsOf(beside: JsonObject, config: ModelConfig, count: number): JsonObject {
  for (const { id2label, label2id } of [beside, config]) {
    if (isObject(id2label) && Object.keys(id2label).length === count) return { id2label, label2id };
  }
  const names = Array.from({ length: count }, (_, row) => `LABEL_${row}`);
  return {
    id2label: Object.fromEntries(names.map((name, row) => [String(row), name])),
    label2id: Object.fromEntries(names.map((name, row) => [name, row])),
  };
}
