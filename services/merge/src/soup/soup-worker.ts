import { type Model, openModel } from '@eigenloom/checkpoint';
import type { EngineModule } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import {
  type ClassifiedText,
  evaluateClassifier,
  labelsOf,
  loadClassifierHead,
  loadDataset,
  loadNetwork,
  loadTokenizer,
} from '@eigenloom/models';

import type { ModelPaths } from '../plan/planned.js';
import { type SoupChoice, greedySearch } from './greedy-search.js';
import { soupSource } from './soup-source.js';

export interface SoupTask {
  readonly models: readonly ModelPaths[];
  readonly tokenizerFolder: string;
  readonly data: {
    readonly path: string;
    readonly textField: string;
    readonly labelField: string;
    readonly limit: number;
  };
  readonly batchSize: number;
  readonly maxLength: number;
}

/** Runs in a worker thread: finds the greedy soup; no candidate is written anywhere. */
const searchSoup: EngineModule<SoupTask, SoupChoice> = async (task, { signal, report }) => {
  const models: Model[] = [];
  for (const { path, adapters } of task.models) models.push(await openModel(path, { adapters, signal }));
  const texts = await classifiedTexts(task, models, signal);
  const score = async (members: readonly number[]): Promise<number> => {
    const source = soupSource(members.flatMap((index) => models[index] ?? []));
    const network = await loadNetwork(source, { signal });
    try {
      const { head } = await loadClassifierHead(network, source);
      const { accuracy } = await evaluateClassifier(network, head, texts, {
        batchSize: task.batchSize,
        signal,
      });
      return accuracy;
    } finally {
      network.dispose();
    }
  };
  return greedySearch(models.length, score, (fraction) => {
    report({ fraction, phase: 'evaluating candidates' });
  });
};
export default searchSoup;

async function classifiedTexts(
  { data, tokenizerFolder, maxLength }: SoupTask,
  models: readonly Model[],
  signal: AbortSignal,
): Promise<ClassifiedText[]> {
  const { textField, labelField, limit } = data;
  const examples = await loadDataset(data.path, {
    textField,
    labelField,
    limit,
    requireLabels: true,
    signal,
  });
  const labels = labelsOfModels(models) ?? labelsOf(examples);
  const tokenizer = await loadTokenizer(tokenizerFolder);
  return examples.map(({ text, label = '', line }) => {
    const index = labels.indexOf(label);
    if (index < 0) {
      throw incompatible(
        'UNKNOWN_LABEL',
        `greedy_soup.data: line ${line}: the models have no class ${JSON.stringify(label)}`,
      );
    }
    return { ids: Int32Array.from(tokenizer.encode(text, maxLength)), label: index };
  });
}

/** The classes as the configs name them; they must agree where they are given. */
function labelsOfModels(models: readonly Model[]): string[] | undefined {
  const given = models.flatMap(({ config }) => {
    const names = config['id2label'];
    if (typeof names !== 'object' || names === null) return [];
    const entries = Object.entries(names).sort(([x], [y]) => Number(x) - Number(y));
    return [entries.map(([, name]) => String(name))];
  });
  const [first, ...others] = given;
  if (others.some((labels) => labels.join('\n') !== first?.join('\n'))) {
    throw incompatible('LABELS_DIFFER', 'the models name their classes differently');
  }
  return first;
}
