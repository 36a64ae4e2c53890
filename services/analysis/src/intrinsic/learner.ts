import type { tf } from '@eigenloom/engine';
import type { Evaluation, NamedLosses } from '@eigenloom/training';

/** A network, its data and its task, as far as training it in any subspace needs them. */
export interface Learner {
  /** Everything that is trained, by name, at its start. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /** Which layer a weight is of. */
  layerOf(name: string): string;
  /** Of the training examples, for the order of batches. */
  readonly lengths: ArrayLike<number>;
  /** Losses of a batch; called inside tf.tidy. */
  losses(indices: Int32Array, step: number): NamedLosses;
  /** On the test examples; its metrics have `accuracy`. */
  evaluate(): Promise<Evaluation>;
}
