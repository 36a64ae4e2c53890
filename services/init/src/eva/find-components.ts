import { incompatible } from '@eigenloom/errors';
import { type Batch, captureLinearInputs, type LinearInput, type Network } from '@eigenloom/models';
import { IncrementalPca } from './incremental-pca.js';
import { redistributeRanks } from './redistribute-ranks.js';

/** What is asked of the data. */
export interface ComponentsWanted {
  /** Module paths. */
  readonly modules: readonly string[];
  /** r: mean rank of the modules. */
  readonly rank: number;
  readonly rho: number;
  readonly tau: number;
  readonly seed: bigint;
}

/** The start of one module: the leading components of its inputs. */
export interface ModuleComponents {
  readonly module: string;
  /** 0: no adapter. */
  readonly rank: number;
  /** rank × width. */
  readonly components: Float32Array;
}

export interface ComponentsFound {
  readonly modules: readonly ModuleComponents[];
  readonly batches: number;
  /** Every component in use had settled when the data ended. */
  readonly converged: boolean;
}

interface Hooks {
  readonly signal: AbortSignal;
  /** After each batch: how many, and how many groups of modules have converged. */
  onBatch(batches: number, converged: number, groups: number): void;
}

/** Modules with one input, which share one PCA. */
interface Group {
  readonly modules: readonly string[];
  readonly pca: IncrementalPca;
  converged: boolean;
}

/**
 * Runs batches until every component in use has converged, or the batches end. Components in use are those that the ranks by
 * explained variance need; groups that have converged are left alone unless a later redistribution asks more of them.
 */
export async function findComponents(
  network: Network,
  wanted: ComponentsWanted,
  batches: Iterable<Batch>,
  hooks: Hooks,
): Promise<ComponentsFound> {
  const groups = groupsOf(network, wanted);
  let [count, done] = [0, false];
  let ranks = new Map<string, number>();
  for (const batch of batches) {
    hooks.signal.throwIfAborted();
    await addBatch(network, groups, batch, hooks.signal);
    count += 1;
    const ready = groups.every(({ pca }) => pca.components !== undefined);
    if (ready) {
      ranks = redistributeRanks(explainedOf(groups, wanted.modules), wanted.rank * wanted.modules.length);
      for (const group of groups) group.converged = hasConverged(group, ranks, wanted.tau);
      done = groups.every(({ converged }) => converged);
    }
    hooks.onBatch(count, groups.filter(({ converged }) => converged).length, groups.length);
    if (done) break;
  }
  if (ranks.size === 0) {
    throw incompatible('TOO_LITTLE_DATA', 'eva.data: no batch has as many tokens as components are kept');
  }
  return {
    modules: wanted.modules.map((module) => result(module, groups, ranks)),
    batches: count,
    converged: done,
  };
}

function groupsOf(network: Network, { modules, rank, rho, seed }: ComponentsWanted): Group[] {
  const chosen = new Set(modules);
  return network.linearGroups.flatMap((group) => {
    const members = group.modules.filter((module) => chosen.has(module));
    if (members.length === 0) return [];
    const count = Math.min(Math.round(rank * rho), group.inputSize);
    return [{ modules: members, pca: new IncrementalPca(group.inputSize, count, seed), converged: false }];
  });
}

async function addBatch(
  network: Network,
  groups: readonly Group[],
  batch: Batch,
  signal: AbortSignal,
): Promise<void> {
  const byModule = new Map(
    groups.flatMap((group) => group.modules.map((module) => [module, group] as const)),
  );
  const inputs: { group: Group; input: LinearInput }[] = [];
  captureLinearInputs(network, batch, (input) => {
    const group = input.modules.map((module) => byModule.get(module)).find((found) => found !== undefined);
    if (group?.converged === false) inputs.push({ group, input });
  });
  for (const { group, input } of inputs) await group.pca.add(input.values, input.tokens, { signal });
}

/** In the order of the modules wanted. */
function explainedOf(groups: readonly Group[], modules: readonly string[]): Map<string, Float64Array> {
  return new Map(
    modules.map((module) => [
      module,
      groupOf(module, groups).pca.components?.explained ?? new Float64Array(0),
    ]),
  );
}

function groupOf(module: string, groups: readonly Group[]): Group {
  const group = groups.find(({ modules }) => modules.includes(module));
  if (group === undefined) {
    throw incompatible('MODULE_WITHOUT_INPUT', `${module} is not a linear module of the model's layers`);
  }
  return group;
}

function hasConverged({ modules, pca }: Group, ranks: ReadonlyMap<string, number>, tau: number): boolean {
  const needed = modules.reduce((most, module) => Math.max(most, ranks.get(module) ?? 0), 0);
  return (pca.components?.cosines ?? []).slice(0, needed).every((cosine) => cosine >= tau);
}

function result(
  module: string,
  groups: readonly Group[],
  ranks: ReadonlyMap<string, number>,
): ModuleComponents {
  const { components } = groupOf(module, groups).pca;
  const rank = ranks.get(module) ?? 0;
  if (components === undefined) return { module, rank: 0, components: new Float32Array(0) };
  const width = components.vectors.length / components.count;
  return { module, rank, components: components.vectors.slice(0, rank * width) };
}
