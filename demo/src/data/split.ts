import { createHash } from 'node:crypto';
import { invalidInput } from '@eigenloom/errors';
import type { Example } from './example.js';

export const SPLITS = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SPLITS)[number];
export type Split = Readonly<Record<SplitName, readonly Example[]>>;

export interface SplitSizes {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Share of the groups of a class, cumulated: 60 % train, 15 % validation, 25 % test. */
const BOUNDS: readonly (readonly [SplitName, number])[] = [
  ['train', 0.6],
  ['validation', 0.75],
  ['test', 1],
];

/** A number in [0, 1) that depends on the seed and the key alone: 48 bits of SHA-256. */
export function hashFraction(seed: number, key: string): number {
  return createHash('sha256').update(`${seed}\n${key}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/**
 * Split of every group. The groups of each class (that of a group's first example) are ordered by a seeded hash of their name and cut
 * at 60 % and 75 %, so both classes are in every split even when there are few groups.
 */
export function assignGroups(examples: readonly Example[], seed: number): Map<string, SplitName> {
  const labelOf = new Map<string, string>();
  for (const { group, label } of examples) if (!labelOf.has(group)) labelOf.set(group, label);
  const assigned = new Map<string, SplitName>();
  for (const label of new Set(labelOf.values())) {
    const groups = [...labelOf.keys()]
      .filter((group) => labelOf.get(group) === label)
      .map((group) => ({ group, rank: hashFraction(seed, `group ${group}`) }))
      .sort((a, b) => a.rank - b.rank);
    groups.forEach(({ group }, position) => {
      const share = (position + 0.5) / groups.length;
      assigned.set(group, BOUNDS.find(([, bound]) => share < bound)?.[0] ?? 'test');
    });
  }
  return assigned;
}

/**
 * Assigns whole groups to splits, then draws at most `sizes` examples of each by the hash of their ids. Throws when a split would
 * hold fewer than asked for.
 */
export function splitByGroup(examples: readonly Example[], seed: number, sizes: SplitSizes): Split {
  const buckets: Record<SplitName, { rank: number; example: Example }[]> = {
    train: [],
    validation: [],
    test: [],
  };
  const assigned = assignGroups(examples, seed);
  for (const example of examples)
    buckets[assigned.get(example.group) ?? 'train'].push({
      rank: hashFraction(seed, `example ${example.id}`),
      example,
    });
  const draw = (name: SplitName): Example[] => {
    const bucket = buckets[name];
    if (bucket.length < sizes[name])
      throw invalidInput(
        'SPLIT_TOO_SMALL',
        name,
        `${sizes[name]} examples asked for, ${bucket.length} available`,
      );
    return bucket
      .sort((a, b) => a.rank - b.rank)
      .slice(0, sizes[name])
      .map(({ example }) => example);
  };
  return { train: draw('train'), validation: draw('validation'), test: draw('test') };
}
