import type { MergekitInput } from './inputs.js';
import type { ResolvedTensor } from './resolve.js';
import type { Stack } from './anatomy.js';

/** Shape by the place in a layer: `.self_attn.q_proj.weight`. */
type Layer = ReadonlyMap<string, string>;

/**
 * Why a result does not fit the config that it gets, by tensor: config.json gives one size and one set of weights for all layers of a
 * stack, those of the donor, and so nothing could load a layer of another width, or one with biases among layers without. Models whose own
 * layers differ, and folders without a config, tell nothing.
 */
export function stackProblems(
  tensors: readonly ResolvedTensor[],
  { model, anatomy, label }: MergekitInput,
): ReadonlyMap<string, string> {
  const problems = new Map<string, string>();
  if (Object.keys(model.config).length === 0) return problems;
  const shapeOf = (name: string): string | undefined => model.tensors.get(name)?.shape.join(', ');
  const uniform = anatomy.stacks.map((stack) => ({
    prefix: stack.prefix,
    want: uniformLayer(stack, shapeOf),
  }));
  const seen = new Map<string, Set<string>>();
  for (const { name, lead } of tensors) {
    const found = lead.shape.join(', ');
    const stack = uniform.find(({ prefix }) => layerOf(name, prefix) !== undefined);
    const layer = stack && layerOf(name, stack.prefix);
    const place = layer === undefined ? name : name.slice(layer.length);
    const want = stack === undefined ? shapeOf(name) : stack.want?.get(place);
    if (layer !== undefined) seen.set(layer, (seen.get(layer) ?? new Set()).add(place));
    if (stack !== undefined && stack.want === undefined) continue;
    if (want === undefined && stack !== undefined) {
      problems.set(name, `has no like in the layers of ${label}, whose config the result gets`);
    } else if (want !== undefined && want !== found) {
      problems.set(name, `has shape [${found}], and [${want}] in ${label}, whose config the result gets`);
    }
  }
  for (const [layer, places] of seen) {
    const want = uniform.find(({ prefix }) => layer.startsWith(`${prefix}.`))?.want;
    for (const place of want?.keys() ?? []) {
      if (!places.has(place)) {
        problems.set(
          layer + place,
          `is missing, and ${label}, whose config the result gets, has it in each layer`,
        );
      }
    }
  }
  return problems;
}

/** `model.layers.3` of `model.layers.3.mlp.up_proj.weight`. */
function layerOf(name: string, prefix: string): string | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const end = name.indexOf('.', prefix.length + 1);
  return end < 0 || !/^\d+$/.test(name.slice(prefix.length + 1, end)) ? undefined : name.slice(0, end);
}

/** What each layer of a stack has; undefined where layers differ. */
function uniformLayer(
  { prefix, layers }: Stack,
  shapeOf: (name: string) => string | undefined,
): Layer | undefined {
  const described = layers.map(
    (names) => new Map(names.map((name) => [name.slice(layerOf(name, prefix)?.length), shapeOf(name) ?? ''])),
  );
  const [first, ...others] = described;
  const same = (other: Layer): boolean =>
    other.size === first?.size && [...other].every(([place, shape]) => first.get(place) === shape);
  return others.every(same) ? first : undefined;
}
