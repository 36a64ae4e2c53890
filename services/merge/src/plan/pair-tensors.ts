import { type TensorInfo, isStoredBuffer } from '@eigenloom/checkpoint';
import { isFloat } from '@eigenloom/numeric';

import type { PlannedInput } from './planned.js';

/** What a model contributes to a set of tensors that belong together: the whole model, or one of its layers. */
export interface Part {
  readonly input: PlannedInput;
  /** Where the request names it, for messages. */
  readonly label: string;
  readonly names: readonly string[];
  /** The tensor here that belongs to one of the leader's. */
  readonly find: (leading: string) => TensorInfo | undefined;
}

/** Tensors that belong together. */
export interface PairedTensor {
  /** The leader's. */
  readonly lead: TensorInfo;
  /** False for integers and booleans: they must agree and are copied. */
  readonly merged: boolean;
  /** Of the leader alone, whatever the others have: a buffer that no training changes. */
  readonly buffer: boolean;
  /** In order of the parts; of a buffer none. */
  readonly sources: readonly TensorInfo[];
  readonly base: TensorInfo | undefined;
}

export interface PairedTensors {
  readonly tensors: readonly PairedTensor[];
  /** Why a tensor has no partner, by its name in the leader. */
  readonly problems: ReadonlyMap<string, string>;
  /** Tensors of the parts that the leader lacks, with the first model that has them. */
  readonly extra: ReadonlyMap<string, string>;
  /** As `extra`, of buffers, which no model needs. */
  readonly extraBuffers: ReadonlyMap<string, string>;
}

/** Finds the tensors that belong to those of a leader, which is one of the parts or the base. */
export function pairTensors(leader: Part, parts: readonly Part[], base: Part | undefined): PairedTensors {
  const problems = new Map<string, string>();
  const tensors: PairedTensor[] = [];
  for (const name of leader.names) {
    const lead = leader.input.model.tensors.get(name);
    if (lead === undefined) continue;
    if (isStoredBuffer(lead)) {
      tensors.push({ lead, merged: false, buffer: true, sources: [], base: undefined });
      continue;
    }
    const found = parts.map((part) => part.find(name));
    const problem = problemOf(lead, parts, found);
    if (problem !== undefined) problems.set(name, problem);
    else tensors.push(paired(lead, found as TensorInfo[], base?.find(name)));
  }
  return { tensors, problems, ...extraTensors(parts, tensors, problems) };
}

function paired(
  lead: TensorInfo,
  sources: readonly TensorInfo[],
  counterpart: TensorInfo | undefined,
): PairedTensor {
  const fits =
    counterpart?.shape.join() === lead.shape.join() && isFloat(counterpart.dtype) === isFloat(lead.dtype);
  return { lead, merged: isFloat(lead.dtype), buffer: false, sources, base: fits ? counterpart : undefined };
}

function problemOf(
  lead: TensorInfo,
  parts: readonly Part[],
  found: readonly (TensorInfo | undefined)[],
): string | undefined {
  for (const [index, tensor] of found.entries()) {
    const label = parts[index]?.label ?? '';
    if (tensor === undefined) return `is missing in ${label}`;
    if (tensor.shape.join() !== lead.shape.join()) {
      return `has shape [${tensor.shape.join(', ')}] in ${label} instead of [${lead.shape.join(', ')}]`;
    }
    const same = isFloat(lead.dtype) ? isFloat(tensor.dtype) : tensor.dtype === lead.dtype;
    if (!same) return `is ${tensor.dtype} in ${label} instead of ${lead.dtype}`;
  }
  return undefined;
}

/** Tensors of the parts that no paired tensor took. */
function extraTensors(
  parts: readonly Part[],
  tensors: readonly PairedTensor[],
  problems: ReadonlyMap<string, string>,
): Pick<PairedTensors, 'extra' | 'extraBuffers'> {
  const extra = new Map<string, string>();
  const extraBuffers = new Map<string, string>();
  // The leader's buffers by what they are: names may differ by the prefix of a full model.
  const buffers = tensors.filter(({ buffer }) => buffer).map(({ lead }) => lead.name);
  for (const [index, part] of parts.entries()) {
    const taken = new Set(tensors.map((tensor) => tensor.sources[index]?.name));
    for (const name of buffers) taken.add(part.find(name)?.name);
    for (const name of part.names) {
      if (taken.has(name) || problems.has(name)) continue;
      const tensor = part.input.model.tensors.get(name);
      const list = tensor !== undefined && isStoredBuffer(tensor) ? extraBuffers : extra;
      if (!list.has(name)) list.set(name, part.label);
    }
  }
  return { extra, extraBuffers };
}
