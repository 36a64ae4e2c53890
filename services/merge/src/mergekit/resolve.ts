import { type TensorInfo, findTensor } from '@eigenloom/checkpoint';

import type { ModelParameters } from '../steps/method-facts.js';
import { type PairedTensor, type Part, pairTensors } from '../plan/pair-tensors.js';
import { inLayer, isBeforeLayers, ownerOf } from './anatomy.js';
import type { MergekitDocument } from './document.js';
import type { MergekitInput } from './inputs.js';
import type { ModelChoice } from '../methods/index.js';
import type { Module, Slice, SliceSource } from './modules.js';
import { type SliceRoles, rolesOf } from './roles.js';
import { type TensorPlace, methodFor, modelParameters } from './tensor-parameters.js';

/** One tensor of the result with everything that the configuration says of it. */
export interface ResolvedTensor {
  readonly name: string;
  readonly lead: TensorInfo;
  readonly merged: boolean;
  /** Copied from its one source. */
  readonly buffer: boolean;
  readonly sources: readonly {
    readonly source: SliceSource;
    readonly tensor: TensorInfo;
    readonly parameters: ModelParameters;
  }[];
  readonly origin: { readonly source: SliceSource; readonly tensor: TensorInfo } | undefined;
  readonly method: ModelChoice;
}

export interface Resolved {
  readonly tensors: readonly ResolvedTensor[];
  /** Why a tensor cannot be made, by name. */
  readonly problems: ReadonlyMap<string, string>;
  readonly leftOut: readonly string[];
  /** Buffers that the leading model lacks, with where the first model that has them is named. */
  readonly buffers: ReadonlyMap<string, string>;
}

/** Tensors of a slice that are planned together: one of its layers, or those outside the layers. */
interface Region {
  readonly roles: SliceRoles;
  readonly partOf: (source: SliceSource) => Part;
  /** What a tensor of the leader is called in the result. */
  readonly nameOf: (leading: string) => string;
  readonly position: number;
  readonly scopes: TensorPlace['scopes'];
}

/** Lays out the result tensor by tensor, by mergekit's rules. Errors: InvalidInput naming the place. */
export class Resolver {
  private readonly tensors: ResolvedTensor[] = [];
  private readonly problems = new Map<string, string>();
  private readonly leftOut = new Set<string>();
  private readonly buffers = new Map<string, string>();

  constructor(
    private readonly document: MergekitDocument,
    private readonly prefixes: readonly string[],
    private readonly mode: 'paper' | 'mergekit',
    /** A model as it is read; as it was opened unless its embeddings are rearranged. */
    private readonly view: (input: MergekitInput) => MergekitInput = (input) => input,
  ) {}

  resolve(modules: readonly Module[]): Resolved {
    for (const module of modules) this.module(module);
    const { tensors, problems, buffers } = this;
    return { tensors, problems, buffers, leftOut: [...this.leftOut] };
  }

  private module(module: Module): void {
    const { slices } = module;
    const [first] = slices;
    const last = slices.at(-1);
    if (first === undefined || last === undefined) return;
    this.outside(module, first, true);
    let done = 0;
    for (const slice of slices) {
      for (let layer = 0; layer < slice.layers; layer += 1) this.layer(module, slice, layer, done + layer);
      done += slice.layers;
    }
    this.outside(module, this.withoutSurplus(last, first), false);
  }

  /** mergekit pairs the last slice's models with as many tensors as the first slice has sources, and so ignores the others. */
  private withoutSurplus(last: Slice, first: Slice): Slice {
    return this.mode === 'mergekit'
      ? { ...last, sources: last.sources.slice(0, first.sources.length) }
      : last;
  }

  private outside(module: Module, slice: Slice, before: boolean): void {
    const belongs = (name: string): boolean => {
      const owner = this.prefixes.length < 2 ? module.prefix : ownerOf(name, this.prefixes);
      return owner === module.prefix && isBeforeLayers(name) === before;
    };
    this.region({
      ...this.common(module, slice),
      // Gradients begin at the first layer; what lies outside reads them there, the head too.
      position: 0,
      nameOf: (leading) => leading,
      partOf: (source) => {
        const input = this.view(source.input);
        return {
          ...{ input, label: source.at },
          names: input.anatomy.loose.filter(belongs),
          find: (leading) => findTensor(leading, input.model.tensors),
        };
      },
    });
  }

  private layer(module: Module, slice: Slice, layer: number, target: number): void {
    const roles = rolesOf(slice, this.document.mapping);
    const leader = leaderOf(roles, this.document.mapping.needsBase);
    const from = leader?.stack?.prefix ?? '';
    const rename = (name: string, prefix: string, number: number): string =>
      inLayer(name, from, prefix, number);
    this.region({
      ...this.common(module, slice),
      position: slice.layers > 1 ? layer / (slice.layers - 1) : 1,
      nameOf: (leading) => rename(leading, module.prefix ?? from, target),
      partOf: ({ at, input, stack, first }) => ({
        ...{ input, label: at },
        names: stack?.layers[first + layer] ?? [],
        find: (leading) => input.model.tensors.get(rename(leading, stack?.prefix ?? from, first + layer)),
      }),
    });
  }

  private common(module: Module, slice: Slice): Pick<Region, 'roles' | 'scopes'> {
    return {
      roles: rolesOf(slice, this.document.mapping),
      scopes: [slice.parameters, module.parameters, this.document.parameters],
    };
  }

  private region(region: Region): void {
    const { roles, partOf, nameOf } = region;
    const { base: role, needsBase } = this.document.mapping;
    const leader = leaderOf(roles, needsBase);
    if (leader === undefined) return;
    const origin = roles.origin === undefined ? undefined : partOf(roles.origin);
    const paired = pairTensors(partOf(leader), roles.models.map(partOf), origin);
    const { tensors, problems, extra, extraBuffers } = paired;
    for (const [name, label] of extraBuffers) this.buffers.set(name, label);
    for (const [name, why] of problems) this.problems.set(nameOf(name), why);
    for (const [name, label] of extra) {
      if (needsBase && role === 'origin') this.leftOut.add(name);
      else this.problems.set(name, `is in ${label} and not in ${leader.at}`);
    }
    for (const pair of tensors) {
      if (pair.buffer) this.buffer(pair, leader, nameOf(pair.lead.name));
      else this.tensor(pair, region);
    }
  }

  private buffer({ lead, merged, buffer }: PairedTensor, leader: SliceSource, name: string): void {
    const source = { ...leader, input: this.view(leader.input) };
    const sources = [{ source, tensor: lead, parameters: { weight: 1 } }];
    this.tensors.push({ name, lead, merged, buffer, sources, origin: undefined, method: COPY });
  }

  private tensor({ lead, merged, sources: found, base }: PairedTensor, region: Region): void {
    const { roles, nameOf, position, scopes } = region;
    const name = nameOf(lead.name);
    if (roles.origin !== undefined && base === undefined) {
      this.problems.set(name, `is missing in ${roles.origin.at} or has another shape there`);
      return;
    }
    const { mapping, at } = this.document;
    const place = { name, position, scopes, at };
    const sources = roles.models.flatMap((source, index) => {
      const tensor = found[index];
      if (tensor === undefined) return [];
      const read = { ...source, input: this.view(source.input) };
      return [{ source: read, tensor, parameters: modelParameters(source, tensor.name, place, mapping) }];
    });
    const models = sources.map(({ parameters }) => parameters);
    const origin =
      roles.origin === undefined || base === undefined
        ? undefined
        : { source: { ...roles.origin, input: this.view(roles.origin.input) }, tensor: base };
    this.tensors.push({
      name,
      lead,
      merged,
      buffer: false,
      sources,
      origin,
      method: methodFor(place, mapping, models),
    });
  }
}

const COPY: ModelChoice = { $case: 'passthrough', value: { scale: undefined } };

/** Whose tensors the result has: those of the base for task vectors, which exist only there, else those of the first model. */
const leaderOf = ({ models, origin }: SliceRoles, needsBase: boolean): SliceSource | undefined =>
  (needsBase ? origin : undefined) ?? models[0];
