import { openModel, readAdapter } from '@eigenloom/checkpoint';
import type { EngineModule } from '@eigenloom/engine';
import {
  evaluateClassifier,
  loadClassifierHead,
  loadDataset,
  loadNetwork,
  loadTokenizer,
  tokenize,
  type ModelSource,
} from '@eigenloom/models';

/** A model and the data that it is tried on. */
export interface EvaluationInput {
  readonly model: string;
  /** Adapters folded into it. */
  readonly adapters: readonly string[];
  /** Adapter folder that brings the head when the model has none. */
  readonly headFrom: string | undefined;
  readonly data: string;
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
  return {
    config: source.config,
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
  const { head } = await loadClassifierHead(network, source);
  const examples = await loadDataset(input.data, { requireLabels: true, signal });
  const tokenizer = await loadTokenizer(opened.directory);
  const rows = await tokenize(
    tokenizer,
    examples.map(({ text }) => text),
    { maxLength: input.maxLength, signal },
  );
  const texts = rows.map((ids, i) => ({ ids, label: input.labels.indexOf(examples[i]?.label ?? '') }));
  const { loss, accuracy, predictions } = await evaluateClassifier(network, head, texts, {
    signal,
    onProgress: (fraction) => {
      report({ fraction });
    },
  });
  network.dispose();
  return { loss, accuracy, predictions: predictions.map(({ label }) => input.labels[label] ?? '') };
};

export default evaluate;
