import type { Example } from '@eigenloom/demo/dist/data/example.js';
import { hashFraction } from '@eigenloom/demo/dist/data/split.js';
import { stateOfTheUnion } from '@eigenloom/demo/dist/data/state-of-the-union.js';

/** Passages of speeches by who gave them; no speech is in both parts. */
export interface Speakers {
  /** Names of the classes, in the order of their numbers. */
  readonly names: readonly string[];
  readonly train: readonly Labelled[];
  readonly test: readonly Labelled[];
}

export interface Labelled {
  readonly text: string;
  /** Of `names`. */
  readonly label: number;
}

export interface SpeakerSizes {
  readonly classes: number;
  readonly trainEach: number;
  readonly testEach: number;
}

const speechOf = ({ id }: Example): string => id.split('/')[0] ?? id;
/** Speeches that are tested. */
const TEST_SHARE = 0.3;

/** The presidents with the most passages in the part that has fewer, and as many passages of each. */
export async function speakers({ classes, trainEach, testEach }: SpeakerSizes): Promise<Speakers> {
  const { examples } = await stateOfTheUnion('period', 'president');
  const byName = new Map<string, Example[]>();
  for (const passage of examples) byName.set(passage.group, [...(byName.get(passage.group) ?? []), passage]);
  const parts = [...byName].map(([name, passages]) => {
    const speeches = [...new Set(passages.map(speechOf))].sort(
      (a, b) => hashFraction(1, a) - hashFraction(1, b),
    );
    const tested = new Set(speeches.slice(0, Math.max(1, Math.round(TEST_SHARE * speeches.length))));
    const isTested = (passage: Example): boolean => tested.has(speechOf(passage));
    return { name, train: passages.filter((p) => !isTested(p)), test: passages.filter(isTested) };
  });
  const chosen = parts
    .filter(({ train, test }) => train.length >= trainEach && test.length >= testEach)
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, classes);
  if (chosen.length < classes) throw new Error(`${chosen.length} presidents have as many passages`);
  const of = (part: 'train' | 'test', each: number): Labelled[] =>
    chosen.flatMap((own, label) => own[part].slice(0, each).map(({ text }) => ({ text, label })));
  return { names: chosen.map(({ name }) => name), train: of('train', trainEach), test: of('test', testEach) };
}
