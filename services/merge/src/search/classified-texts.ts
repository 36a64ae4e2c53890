import { type Model, opening } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { type ClassifiedText, labelsOf, loadDataset, type TextTokenizer, tokenize } from '@eigenloom/models';

import type { SearchData } from './search-input.js';

export interface TextOptions {
  readonly tokenizer: TextTokenizer;
  readonly maxLength: number;
  /** The classes in order; undefined: those of the data, sorted. */
  readonly labels: readonly string[] | undefined;
  /** Refuse examples without a label; without it such examples have class −1. */
  readonly requireLabels: boolean;
  readonly signal: AbortSignal;
}

/** The examples of a data set as token ids with their classes. Errors: `UNKNOWN_LABEL`, naming the line; those of the file. */
export async function classifiedTexts(
  { path, textField, labelField, limit, field }: SearchData,
  { tokenizer, maxLength, labels: given, requireLabels, signal }: TextOptions,
): Promise<ClassifiedText[]> {
  const reading = { textField, labelField, limit, requireLabels, signal };
  const examples = await opening({ field }, () => loadDataset(path, reading));
  const labels = given ?? labelsOf(examples);
  const rows = await tokenize(
    tokenizer,
    examples.map(({ text }) => text),
    { maxLength, signal },
  );
  return examples.map(({ label, line }, i) => {
    const index = label === undefined ? -1 : labels.indexOf(label);
    if (index < 0 && label !== undefined) {
      throw incompatible(
        'UNKNOWN_LABEL',
        `${field}: line ${line}: the models have no class ${JSON.stringify(label)}`,
      );
    }
    return { ids: rows[i] ?? new Int32Array(), label: index };
  });
}

/** The classes as the configs name them; they must agree where they are given. Errors: `LABELS_DIFFER`. */
export function labelsOfModels(models: readonly Pick<Model, 'config'>[]): string[] | undefined {
  const given = models.flatMap(({ config }, model) => {
    const names = config['id2label'];
    if (typeof names !== 'object' || names === null) return [];
    const entries = Object.entries(names).sort(([x], [y]) => Number(x) - Number(y));
    return [{ model, labels: entries.map(([, name]) => String(name)) }];
  });
  const [first, ...others] = given;
  const other = others.find(({ labels }) => labels.join('\n') !== first?.labels.join('\n'));
  if (first !== undefined && other !== undefined) {
    const longest = Math.max(first.labels.length, other.labels.length);
    const at = Array.from({ length: longest }, (_, i) => i).findIndex(
      (i) => first.labels[i] !== other.labels[i],
    );
    const named = ({ model, labels }: typeof first): string =>
      `${JSON.stringify(labels[at] ?? null)} in models[${model}]`;
    const why = `id2label of config.json: class ${at} is ${named(first)} and ${named(other)}; the models need the same classes in the same order`;
    throw incompatible('LABELS_DIFFER', why);
  }
  return first?.labels;
}
