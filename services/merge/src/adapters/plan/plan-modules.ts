import type { OpenedModule } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { incompatible } from '@eigenloom/errors';

import type { AdapterMethod } from '../steps/adapter-method.js';
import type { AdapterInput, PlannedMember, PlannedModule } from './planned.js';

/** The method of a merge. */
export interface ChosenAdapterMethod {
  readonly method: AdapterMethod;
  /** Ids of the methods for which adapters need not be alike, for errors. */
  readonly others: readonly string[];
}

/** The modules of the result: those of any adapter. Errors: `ADAPTERS_DIFFER`, naming the module. */
export function planModules(
  inputs: readonly AdapterInput[],
  parameters: readonly merge.MergeInput[],
  chosen: ChosenAdapterMethod,
): PlannedModule[] {
  const paths = new Set(inputs.flatMap(({ adapter }) => [...adapter.modules.keys()]));
  return [...paths].sort().map((path) => {
    const members = inputs.flatMap((input, index): PlannedMember[] => {
      const opened = input.adapter.modules.get(path);
      if (opened === undefined) return [];
      const { weight = 1, density } = parameters[index] ?? {};
      return [{ weight, density, scaling: opened.scaling, rank: opened.rank, input, opened }];
    });
    checkMembers(path, members, inputs, chosen);
    const [first] = members as [PlannedMember];
    const { kind, aShape, bShape } = first.opened;
    const columns = aShape.slice(1).reduce((product, size) => product * size, 1);
    const module = { module: path, rows: bShape[0] ?? 0, columns, members };
    const rank = chosen.method.rankOf(module);
    const source = { kind: 'adapters', members } as const;
    return { ...module, source, kind, aTail: aShape.slice(1), bTail: bShape.slice(2), rank };
  });
}

function checkMembers(
  path: string,
  members: readonly PlannedMember[],
  inputs: readonly AdapterInput[],
  { method: { id, alike }, others }: ChosenAdapterMethod,
): void {
  const [first, ...rest] = members;
  if (first === undefined) return;
  for (const other of rest) {
    const difference = differenceOf(first.opened, other.opened, alike, others.join(', '));
    if (difference !== undefined) {
      const [what, advice] = difference;
      throw differ(id, path, `${what} in ${first.input.label} and ${other.input.label}${advice}`);
    }
  }
  const missing = inputs.find(({ adapter }) => !adapter.modules.has(path));
  if (alike === 'pairs' && missing !== undefined) throw differ(id, path, `is missing in ${missing.label}`);
}

function differenceOf(
  x: OpenedModule,
  y: OpenedModule,
  alike: AdapterMethod['alike'],
  others: string,
): readonly [what: string, advice: string] | undefined {
  const sides = ({ kind, aShape, bShape }: OpenedModule): string =>
    JSON.stringify([kind, aShape.slice(1), bShape[0], bShape.slice(2)]);
  if (sides(x) !== sides(y)) {
    const shown = ({ aShape, bShape }: OpenedModule): string =>
      `A [${aShape.join(', ')}] and B [${bShape.join(', ')}]`;
    return [`has other shapes, ${shown(x)} and ${shown(y)},`, '; are they adapters of one base model?'];
  }
  if (alike !== 'nothing' && x.rank !== y.rank)
    return [`has ranks ${x.rank} and ${y.rank}`, `; ${others} take different ranks`];
  if (alike === 'pairs' && x.scaling !== y.scaling)
    return [`has scales ${x.scaling} and ${y.scaling}`, `; ${others} take different scales (alpha)`];
  return undefined;
}

const differ = (id: string, path: string, why: string): Error =>
  incompatible('ADAPTERS_DIFFER', `${id}: module ${JSON.stringify(path)} ${why}`, {
    details: { module: path },
  });
