import { tf } from '@eigenloom/engine';
import { backward } from './backward.js';
import { finiteLoss } from './finite.js';

/** A part of what is minimised, and its weight in the sum; 1 unless set. */
export interface WeightedLoss {
  readonly value: tf.Scalar;
  readonly weight?: number;
}

/** What is minimised, by name. A part that is due every few steps only is left out of the others. */
export type NamedLosses = Readonly<Record<string, WeightedLoss>>;

/** Gradients by the names of the parameters; whoever has them disposes of them. */
export type Gradients = ReadonlyMap<string, tf.Tensor>;

/** A step before its update. */
export interface TakenGradients {
  /** The weighted sum. */
  readonly loss: number;
  /** The parts before their weights, where there are several. */
  readonly losses?: Readonly<Record<string, number>>;
  /** Empty where each was given to `visit`. */
  readonly gradients: Gradients;
  /** Their norm, where it is known more exactly than f32 gradients tell it. */
  readonly norm?: number;
}

/**
 * Computes losses and gradients of a step, counted from 1. With `visit` the gradients may be given to it one by one instead of being
 * returned; it disposes of them.
 */
export type TakeGradients = (
  step: number,
  parameters: ReadonlyMap<string, tf.Variable>,
  visit?: (name: string, gradient: tf.Tensor) => Promise<void>,
) => Promise<TakenGradients>;

/** Makes one gradient of those of each loss, in new tensors, for methods that weigh their directions against each other. */
export type CombineGradients = (byLoss: ReadonlyMap<string, Gradients>, step: number) => Gradients;

/**
 * Gradients of losses; `losses` is called inside tf.tidy, and gives the same values for the same step. With `combine` each loss has a
 * forward and a backward pass of its own. Errors: `NON_FINITE_LOSS`.
 */
export function gradientsOf(
  losses: (step: number) => NamedLosses,
  combine?: CombineGradients,
): TakeGradients {
  return (step, parameters, visit) =>
    combine === undefined
      ? takeSum(losses, step, parameters, visit)
      : takeEach(losses, combine, step, parameters);
}

async function takeSum(
  losses: (step: number) => NamedLosses,
  step: number,
  parameters: ReadonlyMap<string, tf.Variable>,
  visit: Parameters<TakeGradients>[2],
): Promise<TakenGradients> {
  const parts = new Map<string, tf.Scalar>();
  const total = (): tf.Scalar => {
    const named = Object.entries(losses(step));
    if (named.length > 1) for (const [name, { value }] of named) parts.set(name, tf.keep(value));
    return named.map(([, loss]) => weighted(loss)).reduce((sum, value) => tf.add<tf.Scalar>(sum, value));
  };
  const gradients = new Map<string, tf.Tensor>();
  const names = new Map([...parameters].map(([name, { id }]) => [id, name]));
  // Gradients that are used at once must not be those of a loss that is not finite.
  const check = async (value: tf.Scalar): Promise<void> => {
    await finiteLoss(value, `step ${step}`);
  };
  try {
    const value = await backward(
      total,
      [...parameters.values()],
      ({ id }, gradient) => {
        const name = names.get(id) ?? '';
        if (visit !== undefined) return visit(name, gradient);
        gradients.set(name, gradient);
      },
      visit === undefined ? undefined : check,
    );
    try {
      const loss = await finiteLoss(value, `step ${step}`);
      return { loss, ...(parts.size > 0 ? { losses: await readAll(parts) } : {}), gradients };
    } finally {
      value.dispose();
    }
  } catch (error) {
    tf.dispose([...gradients.values()]);
    throw error;
  } finally {
    tf.dispose([...parts.values()]);
  }
}

const weighted = ({ value, weight = 1 }: WeightedLoss): tf.Scalar =>
  weight === 1 ? value : tf.mul<tf.Scalar>(value, weight);

async function readAll(parts: ReadonlyMap<string, tf.Scalar>): Promise<Record<string, number>> {
  const read: Record<string, number> = {};
  for (const [name, value] of parts) read[name] = (await value.data())[0] ?? NaN;
  return read;
}

async function takeEach(
  losses: (step: number) => NamedLosses,
  combine: CombineGradients,
  step: number,
  parameters: ReadonlyMap<string, tf.Variable>,
): Promise<TakenGradients> {
  const taken = new Map<string, TakenGradients>();
  const weights = new Map<string, number>();
  try {
    let names: readonly string[] | undefined;
    for (let i = 0; names === undefined || i < names.length; i += 1) {
      const one = (): NamedLosses => {
        const named = losses(step);
        names = Object.keys(named);
        const name = names[i] ?? '';
        const loss = named[name];
        weights.set(name, loss?.weight ?? 1);
        return loss === undefined ? {} : { [name]: { value: loss.value } };
      };
      const result = await takeSum(one, step, parameters, undefined);
      taken.set(names?.[i] ?? '', result);
    }
    const parts = [...taken].map(([name, { loss }]) => [name, loss] as const);
    return {
      loss: parts.reduce((sum, [name, loss]) => sum + (weights.get(name) ?? 1) * loss, 0),
      losses: Object.fromEntries(parts),
      gradients: combine(new Map([...taken].map(([name, { gradients }]) => [name, gradients])), step),
    };
  } finally {
    for (const { gradients } of taken.values()) tf.dispose([...gradients.values()]);
  }
}
