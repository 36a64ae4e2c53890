import type { tf } from '@eigenloom/engine';
import { globalNorm } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';

/** Reads a loss. Errors: `NON_FINITE_LOSS`; `what` and `todo` complete the message. */
export async function finiteLoss(value: tf.Scalar, what: string, todo = ''): Promise<number> {
  const [loss = NaN] = await value.data();
  if (Number.isFinite(loss)) return loss;
  throw numericFailure(
    'NON_FINITE_LOSS',
    `the loss of ${what} is not finite${todo === '' ? '' : `; ${todo}`}`,
  );
}

/** The 2-norm of all gradients together, unless it is known. Errors: `NON_FINITE_GRADIENT`, naming the first that is not finite. */
export async function finiteNorm(
  gradients: ReadonlyMap<string, tf.Tensor>,
  step: number,
  known?: number,
): Promise<number> {
  const norm = known ?? (await globalNorm([...gradients.values()]));
  if (Number.isFinite(norm)) return norm;
  for (const [name, gradient] of gradients) {
    if (!Number.isFinite(await globalNorm([gradient]))) {
      throw numericFailure('NON_FINITE_GRADIENT', `the gradient of ${name} in step ${step} is not finite`);
    }
  }
  throw numericFailure('NON_FINITE_GRADIENT', `the gradient of step ${step} is not finite`);
}
