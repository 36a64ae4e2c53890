import { openModel } from '@eigenloom/checkpoint';
import type { EngineModule } from '@eigenloom/engine';
import { loadDataset } from '@eigenloom/datasets';
import {
  evaluateClassifier,
  TextExamples,
  loadClassifierHead,
  loadNetwork,
  loadTokenizer,
  tokenize,
} from '@eigenloom/models';

export interface ScoreInput {
  readonly model: string;
  /** The model whose head is used. */
  readonly head: string;
  readonly data: string;
  readonly labels: readonly string[];
  readonly maxLength: number;
}

/** Accuracy of an encoder with the head of another model. */
const score: EngineModule<ScoreInput, number> = async (
  { model, head: headFrom, data, labels, maxLength },
  { signal },
) => {
  const source = await openModel(model);
  const network = await loadNetwork(source, { signal });
  const { head } = await loadClassifierHead(network, await openModel(headFrom));
  const examples = await loadDataset(data, { requireLabels: true, signal });
  const tokenizer = await loadTokenizer(source.directory);
  const rows = await tokenize(
    tokenizer,
    examples.map(({ text }) => text),
    { maxLength, signal },
  );
  const texts = rows.map((ids, i) => ({ ids, label: labels.indexOf(examples[i]?.label ?? '') }));
  const known = new TextExamples(texts, network.config.padTokenId);
  return (await evaluateClassifier(network, head, known, { signal })).accuracy;
};
export default score;
