import { incompatible, invalidInput } from '@eigenloom/errors';

import { type Stack, stackLike } from './anatomy.js';
import type { MergekitDocument } from './document.js';
import type { MergekitInput } from './inputs.js';
import type { Located } from './located.js';
import type { OutputPart, SlicePart } from './read-part.js';
import type { Settings } from './settings.js';

/** A model's share in a slice of the result. */
export interface SliceSource {
  readonly at: string;
  readonly input: MergekitInput;
  readonly parameters: Settings;
  /** Its first layer, and in which stack. */
  readonly first: number;
  readonly stack: Stack | undefined;
}

/** Consecutive layers of the result. */
export interface Slice {
  readonly at: string;
  readonly parameters: Settings;
  readonly base: MergekitInput | undefined;
  readonly sources: readonly SliceSource[];
  readonly layers: number;
}

/** A stack of layers of the result, with what belongs to it. */
export interface Module {
  readonly parameters: Settings;
  /** Of its layers, as in the donor. Undefined for a model without layers. */
  readonly prefix: string | undefined;
  readonly slices: readonly Slice[];
}

type Open = (reference: Located) => Promise<MergekitInput>;

const NONE: Settings = new Map();

/** Brings `models`, `slices` and `modules` to one form: modules of slices. Errors: InvalidInput; `INCOMPATIBLE_MODELS`. */
export async function modulesOf(
  document: MergekitDocument,
  donor: MergekitInput,
  open: Open,
): Promise<Module[]> {
  const base = document.base === undefined ? undefined : await open(document.base);
  const prefixes = donor.anatomy.stacks.map(({ prefix }) => prefix);
  const modules: Module[] = [];
  for (const [prefix, part] of assign(document, prefixes)) {
    const slices = await slicesOf(part, prefix, base, open);
    modules.push({ prefix, slices, parameters: document.output === part ? NONE : part.parameters });
  }
  return modules;
}

/** Which part of the configuration makes which stack of the donor. */
function assign(
  { output, at }: MergekitDocument,
  prefixes: readonly string[],
): [string | undefined, OutputPart][] {
  if (!(output instanceof Map)) {
    const part = output as OutputPart;
    if (part.content.kind === 'slices' && prefixes.length !== 1) {
      const found =
        prefixes.length === 0 ? 'no numbered layers' : `layers in ${prefixes.join(', ')}; use modules`;
      throw invalidInput('UNKNOWN_LAYERS', `${at}.slices`, `the model has ${found}`);
    }
    return prefixes.length === 0 ? [[undefined, part]] : prefixes.map((prefix) => [prefix, part]);
  }
  const parts = [...(output as ReadonlyMap<string, OutputPart>)];
  const assigned = parts.map(([name, part]): [string, OutputPart] => [
    moduleNamed(name, prefixes, part.at),
    part,
  ]);
  const missing = prefixes.find((prefix) => assigned.every(([taken]) => taken !== prefix));
  if (missing !== undefined) {
    throw invalidInput('FIELD_MISSING', `${at}.modules`, `nothing is said of the layers in ${missing}`);
  }
  const twice = assigned.find(
    ([prefix], index) => assigned.findIndex(([other]) => other === prefix) !== index,
  );
  if (twice !== undefined) throw invalidInput('FIELD_DUPLICATE', twice[1].at, `${twice[0]} is made twice`);
  return assigned;
}

/** `default` is the only stack; otherwise a stack goes by its prefix, or by a part of it that no other has. */
function moduleNamed(name: string, prefixes: readonly string[], at: string): string {
  const fits = prefixes.filter((prefix) => prefix === name || prefix.split('.').includes(name));
  const found = name === 'default' && prefixes.length === 1 ? prefixes : fits;
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const known = prefixes.length === 1 ? ['default', ...prefixes] : prefixes;
  throw invalidInput('UNKNOWN_MODULE', at, `is no module of the model; it has ${known.join(', ') || 'none'}`);
}

async function slicesOf(
  { at, content }: OutputPart,
  prefix: string | undefined,
  base: MergekitInput | undefined,
  open: Open,
): Promise<Slice[]> {
  if (content.kind === 'slices') {
    const slices: Slice[] = [];
    for (const slice of content.slices) slices.push(await sliceOf(slice, prefix ?? '', base, open));
    return slices;
  }
  const sources: SliceSource[] = [];
  for (const { at: place, model, parameters } of content.models) {
    const input = await open(model);
    sources.push({ at: place, input, parameters, first: 0, stack: stackOf(input, prefix) });
  }
  // As in mergekit, a base that is not among the models joins them, as the last.
  if (base !== undefined && sources.every(({ input }) => input !== base)) {
    sources.push({ at: base.label, input: base, parameters: NONE, first: 0, stack: stackOf(base, prefix) });
  }
  const layers = sources.map(({ stack }) => stack?.layers.length ?? 0);
  const other = layers.findIndex((count) => count !== layers[0]);
  if (other >= 0) {
    const place = sources[other]?.at ?? at;
    const counts = `${layers[other]} layers instead of ${layers[0]}`;
    throw incompatible('INCOMPATIBLE_MODELS', `${place}: ${prefix ?? ''} has ${counts}`);
  }
  return [{ at, parameters: NONE, base, sources, layers: layers[0] ?? 0 }];
}

function stackOf(input: MergekitInput, prefix: string | undefined): Stack | undefined {
  return prefix === undefined ? undefined : stackLike(prefix, input.anatomy);
}

async function sliceOf(
  { at, base, parameters, sources }: SlicePart,
  prefix: string,
  documentBase: MergekitInput | undefined,
  open: Open,
): Promise<Slice> {
  const made: SliceSource[] = [];
  let layers: number | undefined;
  for (const source of sources) {
    const input = await open(source.model);
    const stack = stackOf(input, prefix);
    const [first, end] = source.range ?? [0, 0];
    const field = `${source.at}.layer_range`;
    const there = stack?.layers.length ?? 0;
    if (end > there) throw invalidInput('OUT_OF_RANGE', field, `the model has ${there} layers`);
    layers ??= end - first;
    if (end - first !== layers) {
      throw invalidInput(
        'OUT_OF_RANGE',
        field,
        `has ${end - first} layers, and the first source of the slice ${layers}`,
      );
    }
    made.push({ at: source.at, input, parameters: source.parameters, first, stack });
  }
  const own = base === undefined ? documentBase : await open(base);
  return { at, parameters, base: own, sources: made, layers: layers ?? 0 };
}
