/** Layers of a model that are numbered below one prefix. */
export interface Stack {
  /** `model.layers`, `bert.encoder.layer`, `transformer.h`. */
  readonly prefix: string;
  /** Names of the tensors of each layer. */
  readonly layers: readonly (readonly string[])[];
}

/** What the names of a model's tensors say of its build. */
export interface Anatomy {
  readonly stacks: readonly Stack[];
  /** Tensors outside the layers. */
  readonly loose: readonly string[];
}

/** The first number of a name counts layers; later ones count experts or parts of a layer. */
const NUMBERED = /^(.*?)\.(\d+)\./;

/**
 * Reads layers off the names of tensors. A prefix whose numbers have gaps is a list of other things (`classifier.0`, `classifier.3`),
 * and so is one with a single number beside a real stack.
 */
export function anatomyOf(names: Iterable<string>): Anatomy {
  const byPrefix = new Map<string, Map<number, string[]>>();
  const all = [...names];
  for (const name of all) {
    const [, prefix, number] = NUMBERED.exec(name) ?? [];
    if (prefix === undefined) continue;
    const layers = byPrefix.get(prefix) ?? new Map<number, string[]>();
    byPrefix.set(prefix, layers);
    const layer = layers.get(Number(number)) ?? [];
    layers.set(Number(number), layer);
    layer.push(name);
  }
  const whole = [...byPrefix].flatMap(([prefix, layers]) => wholeStack(prefix, layers) ?? []);
  const deep = whole.filter(({ layers }) => layers.length > 1);
  const stacks = deep.length > 0 ? deep : whole.slice(0, 1);
  const inLayers = new Set(stacks.flatMap(({ layers }) => layers.flat()));
  return { stacks, loose: all.filter((name) => !inLayers.has(name)) };
}

function wholeStack(prefix: string, numbered: ReadonlyMap<number, string[]>): Stack | undefined {
  const layers = Array.from({ length: numbered.size }, (_, layer) => numbered.get(layer));
  return layers.every((layer) => layer !== undefined) ? { prefix, layers } : undefined;
}

/** The stack that corresponds to one of another model: names may differ by the prefix of a full model. */
export function stackLike(prefix: string, { stacks }: Anatomy): Stack | undefined {
  const tail = (name: string): string => name.slice(name.indexOf('.') + 1);
  return (
    stacks.find((stack) => stack.prefix === prefix) ??
    stacks.find((stack) => stack.prefix === tail(prefix) || tail(stack.prefix) === prefix)
  );
}

/** The name of a tensor of a layer, as it is in another layer, perhaps of another model. */
export function inLayer(name: string, from: string, to: string, layer: number): string {
  const afterNumber = name.indexOf('.', from.length + 1);
  return `${to}.${layer}${name.slice(afterNumber)}`;
}

/** Whether a tensor outside the layers comes before them: embeddings and what belongs to them. Norms and heads come after. */
export const isBeforeLayers = (name: string): boolean =>
  /(?:^|[._])(?:embed(?!_out)|embd\.|wte|wpe|relative_pe)|^shared\./.test(name);

/** The stack that a tensor outside the layers belongs to: that with the most leading name parts in common, else the first. */
export function ownerOf(name: string, prefixes: readonly string[]): string | undefined {
  const common = (prefix: string): number => {
    const parts = name.split('.');
    const shared = prefix.split('.').findIndex((part, index) => part !== parts[index]);
    return shared < 0 ? prefix.split('.').length : shared;
  };
  return prefixes.reduce<string | undefined>(
    (best, prefix) => (best === undefined || common(prefix) > common(best) ? prefix : best),
    undefined,
  );
}
