import type { tf } from '@eigenloom/engine';

/** What is trained, as far as a learning rate depends on it. */
export type TrainedKind = 'adapter' | 'full';

/** A weight before it has a state. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor of the state that a rule keeps for a parameter; zeros at first. */
export interface SlotSpec {
  /** As checkpoints name it, before the parameter's name. `parameter` is taken. */
  readonly name: string;
  /** Need not be the parameter's. */
  readonly shape: readonly number[];
  /** float32 and int32 are variables of the backend, uint8 an array in memory. */
  readonly dtype: 'float32' | 'int32' | 'uint8';
}

/** The state of one parameter; `update` and `prepare` change its contents. */
export interface Slots {
  /** A slot of type float32 or int32. */
  tensor(name: string): tf.Variable;
  /** A slot of type uint8, row by row. */
  bytes(name: string): Uint8Array;
}

/** The numbers of an update. */
export interface Move {
  /** Counts from 1. */
  readonly step: number;
  readonly rate: number;
  /** Decoupled: the parameter shrinks by rate · weightDecay. */
  readonly weightDecay: number;
  /** Factor of the gradient, for clipping by the global norm. */
  readonly gradientScale: number;
}

/** A parameter on its way through a step. */
export interface Moving {
  readonly name: string;
  readonly variable: tf.Variable;
  /** Stays the caller's. */
  readonly gradient: tf.Tensor;
  readonly slots: Slots;
}

/** One optimiser with its parameters. What it does follows from its slots, the gradients and the step alone, so that a run can resume. */
export interface OptimizerRule {
  /** As a model card names it: `AdamW`. */
  readonly name: string;
  /** Its own parameters, for the card: `β 0.9 and 0.999, ε 1e-8`. */
  readonly settings: string;
  /** The peak learning rate where a request sets none. */
  defaultRate(trained: TrainedKind): number;
  slots(parameter: Parameter): readonly SlotSpec[];
  /** Asynchronous only where it reads back what the backend computed. */
  update(moving: Moving, move: Move): void | Promise<void>;
  /** The parameters that move in a step; the others get no gradient. Default: all. */
  select?(step: number, names: readonly string[], seed: bigint): ReadonlySet<string>;
  /** Comes before the updates of a step, for work that takes long. With gradients one by one it sees one parameter at a time. */
  prepare?(moving: readonly Moving[], move: Move): Promise<void>;
  /** The rule wants each gradient as soon as it is there, so that only one is held; not possible where the global norm is clipped. */
  readonly oneByOne?: boolean;
}
