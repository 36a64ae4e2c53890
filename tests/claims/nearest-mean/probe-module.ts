import { type EngineModule, tf } from '@eigenloom/engine';
import { meanCrossEntropy } from '@eigenloom/models';
import { adamwRule, gradientsOf, Loop, Optimizer } from '@eigenloom/training';

export interface Labelled {
  /** [n, columns]. */
  readonly values: Float32Array;
  readonly labels: Int32Array;
}

export interface ProbeInput {
  readonly columns: number;
  readonly classes: number;
  /** Trained one after another, without the others' examples. */
  readonly tasks: readonly Labelled[];
  /** Tested on after each task. */
  readonly tests: readonly Labelled[];
  readonly steps: number;
  readonly seed: number;
}

const RATE = 0.05;

/** Accuracy after each task of a linear head that has a row for every class from the start, trained on all of a task at each step. */
const probe: EngineModule<ProbeInput, number[]> = async (input, { signal }) => {
  const { columns, classes, tasks, tests, steps, seed } = input;
  const { weight, bias } = tf.tidy(() => ({
    weight: tf.variable<tf.Rank.R2>(tf.zeros([columns, classes]), true),
    bias: tf.variable<tf.Rank.R1>(tf.zeros([classes]), true),
  }));
  const logits = ({ values, labels }: Labelled): tf.Tensor2D =>
    tf.add(tf.matMul(tf.tensor2d(values, [labels.length, columns]), weight), bias);
  const accuracies: number[] = [];
  for (const [index, task] of tasks.entries()) {
    const parameters = new Map<string, tf.Variable>([
      ['weight', weight],
      ['bias', bias],
    ]);
    const optimizer = new Optimizer(parameters, adamwRule(), {
      weightDecay: 0,
      maxGradientNorm: 0,
      seed: BigInt(seed),
    });
    const take = gradientsOf(() => ({ loss: { value: meanCrossEntropy(logits(task), task.labels) } }));
    const player = { name: 'head', optimizer, take, rate: () => RATE };
    await new Loop({ players: [player], totalSteps: steps, stepsPerEpoch: 1 }, signal).run();
    optimizer.dispose();
    const test = tests[index];
    if (test === undefined) throw new Error(`task ${index} has no test`);
    const predicted = tf.tidy(() => tf.argMax(logits(test), 1));
    const read = await predicted.data();
    predicted.dispose();
    accuracies.push(test.labels.filter((label, i) => label === read[i]).length / test.labels.length);
  }
  return accuracies;
};

export default probe;
