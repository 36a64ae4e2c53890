import { basename } from 'node:path';
import { openModel } from '@eigenloom/adapters';
import { adapterLabels, readAdapter, withLabels } from '@eigenloom/checkpoint';
import type { EngineModule } from '@eigenloom/engine';
import { loadDataset } from '@eigenloom/datasets';
import {
  classNamesOf,
  evaluateClassifier,
  loadClassifierHead,
  loadNetwork,
  loadTokenizer,
  type ModelSource,
  rowsOfLabels,
  TextExamples,
  tokenize,
} from '@eigenloom/models';

/** A model and the data that it is tried on. */
export interface EvaluationInput {
  readonly model: string;
  /** Adapters folded into it. */
  readonly adapters: readonly string[];
  /** Adapter folder that brings the head when the model has none. */
  readonly headFrom: string | undefined;
  readonly data: string;
  /** Classes in the order of the head's rows where no config names them. */
  readonly labels: readonly string[];
  readonly maxLength: number;
}

export interface EvaluationOutput {
  readonly loss: number;
  readonly accuracy: number;
  /** Predicted class of every example, in the order of the file. */
  readonly predictions: readonly string[];
}

/** The source with the saved tensors of an adapter beside its own. */
async function withHead(source: ModelSource, folder: string): Promise<ModelSource> {
  const { savedTensors } = await readAdapter(folder);
  const labels = await adapterLabels(folder);
  return {
    config: labels === undefined ? source.config : withLabels(source.config, labels),
    tensors: new Map([...source.tensors, ...savedTensors]),
    read: (name, precision, options) => {
      const saved = savedTensors.get(name);
      return saved === undefined ? source.read(name, precision, options) : Promise.resolve(saved.data);
    },
  };
}

const evaluate: EngineModule<EvaluationInput, EvaluationOutput> = async (input, { signal, report }) => {
  const opened = await openModel(input.model, { adapters: input.adapters });
  const source = input.headFrom === undefined ? opened : await withHead(opened, input.headFrom);
  const network = await loadNetwork(source, { signal });
  const { head, classCount: count } = await loadClassifierHead(network, source);
  const own = classNamesOf(source.config);
  // A base may have names of another head than the one that an adapter brought.
  const isOwn = own?.length === count && input.labels.every((label) => own.includes(label));
  const names = isOwn ? own : input.labels;
  const examples = await loadDataset(input.data, { requireLabels: true, signal });
  const tokenizer = await loadTokenizer(opened.directory);
  const rows = await tokenize(
    tokenizer,
    examples.map(({ text }) => text),
    { maxLength: input.maxLength, signal },
  );
  const rowOf = rowsOfLabels({ count, names }, examples, basename(input.data));
  const texts = rows.map((ids, i) => ({ ids, label: rowOf.get(examples[i]?.label ?? '') ?? -1 }));
  const known = new TextExamples(texts, network.config.padTokenId);
  const { loss, accuracy, predictions } = await evaluateClassifier(network, head, known, {
    signal,
    onProgress: (fraction) => {
      report({ fraction });
    },
  });
  network.dispose();
  return { loss, accuracy, predictions: predictions.map(({ label }) => names[label] ?? '') };
};

export default evaluate;
