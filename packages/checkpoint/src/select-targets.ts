import { isInFull } from './adapter/target-rules.js';
import { matchPattern } from './match-modules.js';
import { isEmbedding, isOutputLayer } from './module-kind.js';

const SUFFIX = '.weight';
const ALL_LINEAR = 'all-linear';
/** Parts that a message names. */
const NAMED = 4;

/** Shapes by tensor. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** What is asked for beside the targets. */
export interface TargetWish {
  /** Where the request has the targets. */
  readonly field: string;
  /** Modules that are trained in full, and so get no pair: `modules_to_save`, the head of a classifier. */
  readonly inFull: readonly string[];
}

/**
 * The modules that target names mean, in the model's order, by PEFT's rules: names or patterns; `all-linear` for every linear module but the
 * output layer. What is trained in full is left out. Errors: `PATTERN_MATCHES_NOTHING`, `TARGET_NOT_LINEAR` for a name of something else.
 */
export function selectTargets(tensors: Shapes, patterns: readonly string[], wish: TargetWish): string[] {
  const modules = modulesOf(tensors);
  const known = new Set(modules);
  const named = patterns.map((pattern, at) => ({ pattern, at }));
  const isAll = ({ pattern }: { pattern: string }): boolean =>
    pattern.toLowerCase() === ALL_LINEAR && !known.has(pattern);
  const chosen = new Set(named.some(isAll) ? linearModules(tensors) : []);
  for (const { pattern, at } of named) {
    if (isAll({ pattern })) continue;
    const hits = matchPattern(modules, pattern, `${wish.field}[${at}]`, (matches) =>
      whatElse(tensors, matches),
    );
    for (const hit of hits) chosen.add(hit);
  }
  return modules.filter((path) => chosen.has(path) && !isInFull(path, wish.inFull));
}

/** Modules with a weight. */
const modulesOf = (tensors: Shapes): string[] =>
  [...tensors.keys()].flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : []));

/** PEFT's `all-linear`, read off names and shapes: matrices that are neither embeddings nor the layer over the vocabulary. */
export const linearModules = (tensors: Shapes): string[] =>
  modulesOf(tensors).filter(
    (path) => tensors.get(path + SUFFIX)?.shape.length === 2 && !isEmbedding(path) && !isOutputLayer(path),
  );

/** What a module is that has no matrix of its own as weight; undefined for one that has. */
export function notLinear(path: string, shape: readonly number[]): string | undefined {
  const size = `[${shape.join(', ')}]`;
  if (isEmbedding(path)) return 'is an embedding, not a linear module';
  if (shape.length === 2 && !shape.includes(0)) return undefined;
  if (shape.length < 2) {
    const norm = /norm|(^|[._])ln(_|$)/i.test(path.slice(path.lastIndexOf('.') + 1));
    return norm
      ? `is a normalisation ${size}, not a linear module`
      : `has a weight of shape ${size}, not a matrix`;
  }
  if (/expert/.test(path))
    return `is a stack of experts ${size}; pairs for single experts of a stack are not supported`;
  return shape.includes(0)
    ? `has a weight of shape ${size}, which is empty`
    : `is a convolution with a weight of shape ${size}, not a matrix`;
}

/** What a name means that is no module with a weight. */
function whatElse(tensors: Shapes, matches: (name: string) => boolean): string | undefined {
  for (const [name, { shape }] of tensors) {
    if (name.endsWith(SUFFIX) || !matches(name)) continue;
    const size = `[${shape.join(', ')}]`;
    return shape.length === 3
      ? `is a stack of experts: ${name} ${size}; pairs for stacks are not supported yet`
      : `is a parameter (${name} ${size}), not a linear module`;
  }
  const owners = new Map<string, Set<string>>();
  for (const path of modulesOf(tensors)) {
    const parts = path.split('.');
    for (let length = 1; length < parts.length; length += 1) {
      const owner = parts.slice(0, length).join('.');
      owners.set(owner, (owners.get(owner) ?? new Set()).add(parts[length] ?? ''));
    }
  }
  const [, parts] = [...owners].find(([owner]) => matches(owner)) ?? [];
  if (parts === undefined) return undefined;
  const names = [...parts].slice(0, NAMED).map((part) => JSON.stringify(part));
  return `is made of other modules; name those that are linear: ${names.join(', ')}${parts.size > NAMED ? ', …' : ''}`;
}
