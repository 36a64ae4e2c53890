import * as tf from '@tensorflow/tfjs-core';

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: the parameter shrinks by learningRate · weightDecay. */
  readonly weightDecay: number;
  /** Factor of the gradient, for clipping by the global norm; 1 unless set. */
  readonly gradientScale?: number | undefined;
}

/** The state of one parameter; `adamUpdate` replaces its contents. */
export interface AdamState {
  readonly parameter: tf.Variable;
  /** First and second moment, zeros at first. */
  readonly m: tf.Variable;
  readonly v: tf.Variable;
}

/** A backend's own update in place, where it has one. */
export interface AdamBackend {
  adamInPlace(state: AdamState, gradient: tf.Tensor, options: AdamOptions, step: number): void;
}

/**
 * One step of AdamW on one parameter; `step` counts from 1. Kingma & Ba 2014, arXiv:1412.6980, Algorithm 1, with the decay of
 * Loshchilov & Hutter 2017, arXiv:1711.05101, Algorithm 2. The gradient stays the caller's.
 */
export function adamUpdate(state: AdamState, gradient: tf.Tensor, options: AdamOptions, step: number): void {
  const backend = tf.backend() as Partial<AdamBackend>;
  if (backend.adamInPlace !== undefined) {
    backend.adamInPlace(state, gradient, options, step);
    return;
  }
  tf.tidy(() => {
    const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
    const g = tf.mul(gradient, options.gradientScale ?? 1);
    const m = tf.add(tf.mul(state.m, beta1), tf.mul(g, 1 - beta1));
    const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(g), 1 - beta2));
    const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), epsilon);
    const move = tf.mul(tf.div(m, root), learningRate / (1 - beta1 ** step));
    const kept = tf.mul(state.parameter, 1 - learningRate * weightDecay);
    state.m.assign(m);
    state.v.assign(v);
    state.parameter.assign(tf.sub(kept, move));
  });
}
