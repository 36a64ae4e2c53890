import { tf } from '@eigenloom/engine';
import {
  type ClassifiedText,
  classifierLogits,
  type ClassifierHead,
  evaluateClassifier,
  findClassifierHead,
  loadClassifierHead,
  makeBatch,
  meanCrossEntropy,
  Network,
  Parameters,
  reachedParameters,
  requireHeadFits,
  TextExamples,
  type TextTokenizer,
} from '@eigenloom/models';

import { openPaths } from '../../plan/model-paths.js';
import { classesOfModels, classifiedTexts } from './classified-texts.js';
import type { SearchInput, SearchTask } from './search-input.js';

/** How well a task does. */
export interface TaskScore {
  /** Mean cross-entropy; without labels the mean entropy of the predictions. */
  readonly loss: number;
  /** Undefined without labels. */
  readonly accuracy: number | undefined;
}

/** A task on the shared network: its own head, its own examples. */
export class TaskNetwork {
  private constructor(
    readonly task: SearchTask,
    private readonly network: Network,
    private readonly head: ClassifierHead,
    readonly texts: readonly ClassifiedText[],
  ) {}

  /** `merged` has the weights that all tasks share; a head that it lacks comes from the task's own checkpoint. */
  static async load(
    task: SearchTask,
    merged: Network,
    tokenizer: TextTokenizer,
    { maxLength, requireLabels }: SearchInput,
    signal: AbortSignal,
  ): Promise<TaskNetwork> {
    const model = await openPaths(task.head, signal);
    const parameters = new Parameters();
    for (const name of merged.parameters.names) parameters.set(name, merged.parameters.get(name));
    const network = new Network(merged, parameters);
    const shared = findClassifierHead(network.family, new Map(parameters.names.map((name) => [name, null])));
    const head = shared ?? (await loadClassifierHead(network, model)).head;
    requireHeadFits(network, head, parameters);
    const classes = classesOfModels([model], parameters.get(`${head.module}.weight`).shape[0]);
    const options = { tokenizer, maxLength, classes, requireLabels, signal };
    const texts = await classifiedTexts(task.data, options);
    return new TaskNetwork(task, network, head, texts);
  }

  /** Parameters that the loss depends on. */
  get reached(): string[] {
    return reachedParameters(this.network, this.head);
  }

  /** Scores of the classes for some of the examples: [batch, classes]. Call inside tf.tidy. */
  logits(indices: Int32Array): tf.Tensor2D {
    const rows = Array.from(indices, (i) => this.texts[i]?.ids ?? new Int32Array());
    return classifierLogits(this.network, this.head, makeBatch(rows, this.network.config.padTokenId));
  }

  labels(indices: Int32Array): Int32Array {
    return Int32Array.from(indices, (i) => this.texts[i]?.label ?? -1);
  }

  async score(batchSize: number, signal: AbortSignal): Promise<TaskScore> {
    const labelled = this.texts.every(({ label }) => label >= 0);
    // Without labels only the predictions are of use; any class will do for the rest.
    const texts = labelled ? this.texts : this.texts.map(({ ids }) => ({ ids, label: 0 }));
    const examples = new TextExamples(texts, this.network.config.padTokenId);
    const { loss, accuracy, predictions } = await evaluateClassifier(this.network, this.head, examples, {
      batchSize,
      signal,
    });
    if (labelled) return { loss, accuracy };
    const total = predictions.reduce((sum, { probabilities }) => sum + entropyOf(probabilities), 0);
    return { loss: total / predictions.length, accuracy: undefined };
  }
}

/** −Σ p·log p. */
const entropyOf = (probabilities: Float32Array): number =>
  probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);

/** What coefficients are learned by: [batch, classes] → scalar. */
export type Objective = (logits: tf.Tensor2D, labels: Int32Array) => tf.Scalar;

/** Mean −log p(label). */
export const crossEntropy: Objective = meanCrossEntropy;

/** Mean entropy of the predictions, −Σ p·log p. */
export const entropy: Objective = (logits) =>
  tf.neg(tf.mean(tf.sum(tf.mul(tf.softmax(logits), tf.logSoftmax(logits)), 1)));
