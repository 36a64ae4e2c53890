import { type InputGradient, tf } from '@eigenloom/engine';

/** An operation that tf.js recorded. */
export interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  /** The gradient with respect to each input, computed when its function is called. */
  readonly gradient?: (dys: readonly tf.Tensor[]) => Readonly<Record<string, InputGradient>>;
  /** Kept for the gradient. */
  readonly saved?: readonly tf.Tensor[];
  /** Of a part that is computed again for its gradient: gives its output, from the inputs, on a tape of its own. */
  readonly again?: () => tf.Tensor;
}

/** The part of tf.js's engine that records; its type hides two of the functions. */
interface Recorder {
  startTape(): void;
  endTape(): void;
  readonly state: {
    activeTape: TapeNode[] | null;
    readonly gradientDepth: number;
    kernelDepth: number;
    /** What each `tidy` that is open disposes of at its end, unless it is kept. */
    readonly scopeStack: readonly { readonly track: readonly tf.Tensor[] }[];
  };
}

/** Computes a tensor and records how, in order. The tensors that the nodes saved are the caller's to dispose of. */
export function record<T extends tf.Tensor>(run: () => T): { value: T; tape: readonly TapeNode[] } {
  const engine = tf.engine() as unknown as Recorder;
  engine.startTape();
  let value: T;
  try {
    value = tf.tidy(run);
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

/**
 * A part of a network that keeps nothing for its gradient but what it reads: where a gradient is recorded the part is computed again for it
 * (Chen et al. 2016, arXiv:1604.06174). `run` computes the same each time, and so the gradients are the same to the bit.
 */
export function recomputed<T extends tf.Tensor>(x: T, run: (x: T) => T): T {
  const {
    activeTape: tape,
    gradientDepth,
    kernelDepth,
    scopeStack,
  } = (tf.engine() as unknown as Recorder).state;
  // In a gradient of a gradient everything is kept: tf.js walks that one.
  const isRecorded = tape !== null && gradientDepth === 1 && kernelDepth === 0;
  const first = tape?.length ?? 0;
  const y = tf.tidy(() => run(x));
  if (!isRecorded) return y;
  const nodes = tape.splice(first);
  for (const { saved = [] } of nodes) tf.dispose([...saved]);
  const own = new Set(nodes.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
  const read = new Map(
    nodes.flatMap(({ inputs }) => Object.values(inputs).map((tensor) => [tensor.id, tensor] as const)),
  );
  const inputs = [...read.values()].filter(({ id }) => !own.has(id));
  // What a scope would drop too early is this part's from now on. Parts are gone back over from the last to the first, so that what two of
  // them read is kept by the first.
  const passing = new Set(scopeStack.flatMap(({ track }) => track));
  const saved = inputs.filter((tensor) => passing.has(tensor) && !tensor.kept);
  for (const tensor of saved) tf.keep(tensor);
  const named = Object.fromEntries(inputs.map((tensor) => [`input ${String(tensor.id)}`, tensor]));
  tape.push({ kernelName: 'part', inputs: named, outputs: [y], saved, again: () => run(x) });
  return y;
}

/** A node on the way from the variables to the value, with those of its inputs that depend on the variables. */
export interface PathNode {
  readonly node: TapeNode;
  readonly inputs: readonly (readonly [name: string, tensor: tf.Tensor])[];
}

/** For each node of the tape its part of the way from `variables`, which need not be variables, to `value`; undefined where it has none. */
export function findPath(
  tape: readonly TapeNode[],
  variables: readonly tf.Tensor[],
  value: tf.Tensor,
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
