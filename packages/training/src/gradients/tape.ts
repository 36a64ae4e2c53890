import { tf } from '@eigenloom/engine';

/** An operation that tf.js recorded. */
export interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  /** The gradient with respect to each input, computed when its function is called. */
  readonly gradient?: (dys: readonly tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>;
  /** Kept for the gradient. */
  readonly saved?: readonly tf.Tensor[];
}

/** The part of tf.js's engine that records; its type hides two of the functions. */
interface Recorder {
  startTape(): void;
  endTape(): void;
  readonly state: { activeTape: TapeNode[] | null; kernelDepth: number };
}

/** Computes a scalar and records how, in order. The tensors that the nodes saved are the caller's to dispose of. */
export function record(loss: () => tf.Scalar): { value: tf.Scalar; tape: readonly TapeNode[] } {
  const engine = tf.engine() as unknown as Recorder;
  engine.startTape();
  let value: tf.Scalar;
  try {
    value = tf.tidy(loss);
  } catch (error) {
    for (const { saved = [] } of engine.state.activeTape ?? []) tf.dispose([...saved]);
    throw error;
  } finally {
    engine.endTape();
  }
  const tape = engine.state.activeTape ?? [];
  engine.state.activeTape = null;
  return { value, tape };
}

/**
 * Computes tensors that no gradient goes back through, such as a teacher's: nothing is recorded, so all that lies between is dropped at
 * once. tf.js records only what is called outside a kernel.
 */
export function unrecorded<T extends tf.TensorContainer>(run: () => T): T {
  const { state } = tf.engine() as unknown as Recorder;
  state.kernelDepth += 1;
  try {
    return tf.tidy(run);
  } finally {
    state.kernelDepth -= 1;
  }
}

/** A node on the way from the variables to the value, with those of its inputs that depend on the variables. */
export interface PathNode {
  readonly node: TapeNode;
  readonly inputs: readonly (readonly [name: string, tensor: tf.Tensor])[];
}

/** For each node of the tape its part of the way from `variables` to `value`; undefined where it has none. */
export function findPath(
  tape: readonly TapeNode[],
  variables: readonly tf.Variable[],
  value: tf.Scalar,
): (PathNode | undefined)[] {
  const dependent = new Set(variables.map(({ id }) => id));
  const inputs = tape.map((node) => {
    const found = Object.entries(node.inputs).filter(([, { id }]) => dependent.has(id));
    if (found.length > 0) for (const { id } of node.outputs) dependent.add(id);
    return found;
  });
  const needed = new Set([value.id]);
  const path = new Array<PathNode | undefined>(tape.length);
  for (let i = tape.length - 1; i >= 0; i -= 1) {
    const [node, found] = [tape[i], inputs[i]];
    if (node === undefined || found === undefined || !node.outputs.some(({ id }) => needed.has(id))) continue;
    for (const { id } of Object.values(node.inputs)) needed.add(id);
    if (found.length > 0) path[i] = { node, inputs: found };
  }
  return path;
}
