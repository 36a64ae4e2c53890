import { type Model, opening } from '@eigenloom/checkpoint';
import type { EngineModule } from '@eigenloom/engine';
import { headRowsOf, loadTokenizer } from '@eigenloom/models';

import { openPaths } from '../../plan/model-paths.js';
import { classesOfModels, classifiedTexts } from '../search/classified-texts.js';
import type { SearchInput } from '../search/search-input.js';
import { candidateScore } from './candidates.js';
import { type SoupChoice, greedySearch } from './greedy-search.js';

/** Runs in a worker thread: finds the greedy soup; no candidate is written anywhere. */
const searchSoup: EngineModule<SearchInput, SoupChoice> = async (input, { signal, report }) => {
  report({ fraction: 0, phase: 'loading the models' });
  const models: Model[] = [];
  for (const paths of input.models) models.push(await openPaths(paths, signal));
  const [first] = models;
  const [task] = input.tasks;
  const tokenizer = await opening(input.tokenizerPlace, () => loadTokenizer(input.tokenizerFolder));
  const { maxLength, requireLabels } = input;
  const classes = classesOfModels(models, first === undefined ? 0 : headRowsOf(first));
  const options = { tokenizer, maxLength, requireLabels, classes, signal };
  const texts = task === undefined ? [] : await classifiedTexts(task.data, options);
  const { score, inMemory } = await candidateScore(models, input.tensors, texts, { ...input, signal });
  const phase = inMemory
    ? 'evaluating candidates'
    : 'evaluating candidates, which do not fit into memory, from disk';
  return greedySearch(models.length, score, (fraction) => {
    report({ fraction, phase });
  });
};
export default searchSoup;
