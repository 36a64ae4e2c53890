import { type InputGradient, isGelu, tf } from '@eigenloom/engine';
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
  const walk = new Walk(tape, variables, value);
  try {
    const firstUses = walk.firstUses(variables);
    if (firstUses.size === 0) throw new Error('the loss does not depend on anything that is trained');
    const byId = new Map(variables.map((variable) => [variable.id, variable]));
    await onLoss(value);
    walk.start(value.id, tf.onesLike(value));
    for (let passed = walk.next(); passed !== undefined; passed = walk.next()) {
      for (const [, { id }] of passed.inputs) {
        const variable = byId.get(id);
        const gradient = firstUses.get(id) === passed.at ? walk.take(id) : undefined;
        if (variable !== undefined && gradient !== undefined) await visit(variable, gradient);
      }
    }
    return value;
  } catch (error) {
    value.dispose();
    throw error;
  } finally {
    walk.dispose();
  }
}

/** From a value back to the tensors that gradients are wanted of, over what was recorded. */
class Walk {
  readonly #path: readonly (PathNode | undefined)[];
  /** By the id of the tensor whose gradients they are. */
  readonly #gradients = new Map<number, tf.Tensor>();
  readonly #held = new Set<tf.Tensor>();
  /** Nodes of the path that use a tensor, first to last, by its id. */
  readonly #uses: ReadonlyMap<number, readonly number[]>;
  /** Nodes of one output, by its id. */
  readonly #makers: ReadonlyMap<number, number>;
  /** Nodes whose gradient was taken together with that of the node behind them. */
  readonly #done = new Set<number>();
  #left: number;

  constructor(
    private readonly tape: readonly TapeNode[],
    targets: readonly tf.Tensor[],
    value: tf.Tensor,
  ) {
    this.#path = findPath(tape, targets, value);
    this.#uses = usesOf(this.#path);
    this.#makers = makersOf(this.#path);
    this.#left = tape.length;
  }

  /** For each of the targets that the value depends on, the first node that uses it: once it has been passed, the gradient is complete. */
  firstUses(targets: readonly tf.Tensor[]): ReadonlyMap<number, number> {
    return new Map(
      targets.flatMap(({ id }) => {
        const first = this.#uses.get(id)?.[0];
        return first === undefined ? [] : [[id, first] as const];
      }),
    );
  }

  /** Takes over the gradient of a tensor, to go on from, or to add to. */
  start(id: number, gradient: tf.Tensor): void {
    this.#hold(id, gradient);
  }

  /** Hands over the gradient of a tensor. */
  take(id: number): tf.Tensor | undefined {
    const gradient = this.#gradients.get(id);
    if (gradient !== undefined) {
      this.#gradients.delete(id);
      this.#held.delete(gradient);
    }
    return gradient;
  }

  /** Goes back over the last node that is left: its number and its inputs on the path; undefined at the end. */
  next(): { readonly at: number; readonly inputs: PathNode['inputs'] } | undefined {
    if (this.#left === 0) return undefined;
    const at = this.#left - 1;
    const entry = this.#path[at];
    if (entry?.node.again !== undefined) this.#passPart(entry, entry.node.again);
    else if (entry !== undefined && !this.#done.has(at)) this.#pass(entry, at);
    this.#left = at;
    tf.dispose([...(this.tape[at]?.saved ?? [])]);
    return { at, inputs: entry?.inputs ?? [] };
  }

  dispose(): void {
    for (const { saved = [] } of this.tape.slice(0, this.#left)) tf.dispose([...saved]);
    this.#left = 0;
    tf.dispose([...this.#held]);
    this.#held.clear();
    this.#gradients.clear();
  }

  /** From the gradients of a node's outputs to those of its inputs. */
  #pass({ node, inputs }: PathNode, at: number): void {
    const found = tf.tidy(() => {
      // An output that nothing was made of has gradient 0.
      const dys = node.outputs.map((output) => this.#gradients.get(output.id) ?? tf.zeros(output.shape));
      const gradients = node.gradient?.(dys);
      return inputs.map(([name, { id }], i) => {
        const make = gradients?.[name];
        if (make === undefined) throw new Error(`${node.kernelName} has no gradient for its input ${name}`);
        const isFirst = inputs.findIndex(([, other]) => other.id === id) === i;
        return this.#gradientOf(id, make, isFirst ? this.#gradients.get(id) : undefined, at);
      });
    });
    inputs.forEach(([, { id }], i) => {
      const { to = id, isWhole = false, gradient } = found[i] ?? {};
      if (gradient === undefined) return;
      if (isWhole) this.#drop(id);
      this.#add(to, gradient);
    });
    for (const { id } of node.outputs) this.#drop(id);
  }

  /** What node `at` gives for an input whose gradient so far is `before`; whole if that is part of it. */
  #gradientOf(id: number, make: InputGradient, before: tf.Tensor | undefined, at: number): Found {
    const { onto, throughGelu } = make;
    const maker = throughGelu === undefined ? undefined : this.#lastBeforeGelu(id, at);
    if (throughGelu !== undefined && maker !== undefined) {
      this.#done.add(maker.at);
      return { to: maker.input, isWhole: true, gradient: tf.tidy(() => throughGelu(maker.saved, before)) };
    }
    if (before === undefined || onto === undefined)
      return { to: id, isWhole: false, gradient: tf.tidy(make) };
    return { to: id, isWhole: true, gradient: tf.tidy(() => onto(before)) };
  }

  /** The GELU that made a tensor, if node `at` is the last to give a gradient for it and nothing else was made of what GELU read. */
  #lastBeforeGelu(id: number, at: number): { at: number; input: number; saved: tf.Tensor } | undefined {
    const maker = this.#makers.get(id);
    const { node, inputs: [[, read] = []] = [] } = this.#path[maker ?? -1] ?? {};
    if (maker === undefined || node === undefined || read === undefined) return undefined;
    const [first, second] = this.#uses.get(id) ?? [];
    const [saved] = node.saved ?? [];
    const isAlone = first === at && second !== at && this.#uses.get(read.id)?.length === 1;
    return isAlone && saved !== undefined && isGelu(node.kernelName)
      ? { at: maker, input: read.id, saved }
      : undefined;
  }

  /** The same for a part of the network that is computed again. */
  #passPart({ node, inputs }: PathNode, again: () => tf.Tensor): void {
    const targets = inputs.map(([, tensor]) => tensor);
    const { value, tape } = record(again);
    const walk = new Walk(tape, targets, value);
    try {
      const dy = this.take(node.outputs[0]?.id ?? NaN);
      if (dy !== undefined) walk.start(value.id, dy);
      // Sums go on in the order in which they would without the part.
      for (const { id } of targets) {
        const before = this.take(id);
        if (before !== undefined) walk.start(id, before);
      }
      while (walk.next() !== undefined);
      for (const { id } of targets) {
        const gradient = walk.take(id);
        if (gradient !== undefined) this.#hold(id, gradient);
      }
    } finally {
      walk.dispose();
      value.dispose();
    }
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
    this.take(id)?.dispose();
  }
}

/** A gradient and the tensor that it is one of. */
type Found = Readonly<{
  to: number;
  /** Replaces what there was of the input. */
  isWhole: boolean;
  gradient: tf.Tensor;
}>;

type Path = readonly (PathNode | undefined)[];

function usesOf(path: Path): Map<number, number[]> {
  const uses = new Map<number, number[]>();
  path.forEach((entry, at) => {
    for (const [, { id }] of entry?.inputs ?? []) uses.set(id, [...(uses.get(id) ?? []), at]);
  });
  return uses;
}

const makersOf = (path: Path): Map<number, number> =>
  new Map(
    path.flatMap((entry, at) => {
      const [output, ...others] = entry?.node.outputs ?? [];
      return output === undefined || others.length > 0 ? [] : [[output.id, at] as const];
    }),
  );
