import { tf } from '@eigenloom/engine';
import { findPath, record, type PathNode, type TapeNode } from './tape.js';

/** Is given the gradient of a variable, which is its own to dispose of. */
export type Visit = (variable: tf.Variable, gradient: tf.Tensor) => void | Promise<void>;

/**
 * Computes a loss and its gradient with respect to variables. Each gradient is given to `visit` as soon as it is complete, which is when
 * everything that used the variable has been gone back over; so `visit` may change the variable and drop the gradient before the next one
 * exists (LOMO, arXiv:2306.09782). tf.js's own `variableGrads` holds all gradients, and all that the forward pass saved, to the end. The
 * operations and their order are the same, so the gradients are, to the bit. Variables that the loss does not depend on are not visited.
 * `onLoss` sees the loss before anything is gone back over. Returns the loss, which is the caller's to dispose of.
 */
export async function backward(
  loss: () => tf.Scalar,
  variables: readonly tf.Variable[],
  visit: Visit,
  onLoss: (value: tf.Scalar) => void | Promise<void> = () => undefined,
): Promise<tf.Scalar> {
  const { value, tape } = record(loss);
  let walk: Walk | undefined;
  try {
    walk = new Walk(tape, variables, value);
    await onLoss(value);
    await walk.back(visit);
    return value;
  } catch (error) {
    value.dispose();
    throw error;
  } finally {
    walk?.dispose();
  }
}

class Walk {
  readonly #path: readonly (PathNode | undefined)[];
  readonly #variables: ReadonlyMap<number, tf.Variable>;
  /** The first node that uses each variable: once it has been passed, the gradient is complete. */
  readonly #firstUse = new Map<number, number>();
  /** By the id of the tensor whose gradients they are. */
  readonly #gradients = new Map<number, tf.Tensor>();
  readonly #held = new Set<tf.Tensor>();
  #left: number;

  constructor(
    private readonly tape: readonly TapeNode[],
    variables: readonly tf.Variable[],
    value: tf.Scalar,
  ) {
    this.#path = findPath(tape, variables, value);
    this.#variables = new Map(variables.map((variable) => [variable.id, variable]));
    this.#left = tape.length;
    this.#path.forEach((entry, at) => {
      for (const [, { id }] of entry?.inputs ?? []) {
        if (this.#variables.has(id) && !this.#firstUse.has(id)) this.#firstUse.set(id, at);
      }
    });
    if (this.#firstUse.size === 0) {
      this.dispose();
      throw new Error('the loss does not depend on anything that is trained');
    }
    this.#hold(value.id, tf.onesLike(value));
  }

  async back(visit: Visit): Promise<void> {
    while (this.#left > 0) {
      const at = this.#left - 1;
      const entry = this.#path[at];
      if (entry !== undefined) this.#pass(entry);
      this.#left = at;
      tf.dispose([...(this.tape[at]?.saved ?? [])]);
      for (const [, { id }] of entry?.inputs ?? []) {
        const variable = this.#variables.get(id);
        const gradient = this.#gradients.get(id);
        if (variable === undefined || gradient === undefined || this.#firstUse.get(id) !== at) continue;
        this.#gradients.delete(id);
        this.#held.delete(gradient);
        await visit(variable, gradient);
      }
    }
  }

  dispose(): void {
    for (const { saved = [] } of this.tape.slice(0, this.#left)) tf.dispose([...saved]);
    this.#left = 0;
    tf.dispose([...this.#held]);
    this.#held.clear();
  }

  /** From the gradients of a node's outputs to those of its inputs. */
  #pass({ node, inputs }: PathNode): void {
    const found = tf.tidy(() => {
      // An output that nothing was made of has gradient 0.
      const dys = node.outputs.map((output) => this.#gradients.get(output.id) ?? tf.zeros(output.shape));
      const gradients = node.gradient?.(dys);
      return inputs.map(([name]) => {
        const make = gradients?.[name];
        if (make === undefined) throw new Error(`${node.kernelName} has no gradient for its input ${name}`);
        return tf.tidy(make);
      });
    });
    inputs.forEach(([, { id }], i) => {
      const gradient = found[i];
      if (gradient !== undefined) this.#add(id, gradient);
    });
    for (const { id } of node.outputs) this.#drop(id);
  }

  #add(id: number, gradient: tf.Tensor): void {
    const before = this.#gradients.get(id);
    if (before === undefined) {
      this.#hold(id, gradient);
      return;
    }
    const sum = tf.add(before, gradient);
    if (!this.#held.has(gradient)) gradient.dispose();
    this.#drop(id);
    this.#hold(id, sum);
  }

  /** A gradient may be one that is held already, such as that of an identity; each is dropped by itself. */
  #hold(id: number, gradient: tf.Tensor): void {
    const own = this.#held.has(gradient) ? tf.clone(gradient) : gradient;
    this.#held.add(own);
    this.#gradients.set(id, own);
  }

  #drop(id: number): void {
    const gradient = this.#gradients.get(id);
    if (gradient === undefined) return;
    this.#gradients.delete(id);
    this.#held.delete(gradient);
    gradient.dispose();
  }
}
