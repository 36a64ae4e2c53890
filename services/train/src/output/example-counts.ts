import type { ExampleCounts } from '@eigenloom/models';
import type { DataCounts } from '@eigenloom/training';

/** What became of the examples, in words: `120 to train on, of which 3 lost their end; 30 to validate on`. */
export function examplesLine({ train, validation }: DataCounts): string {
  const parts = [ofSet(train, 'to train on')];
  if (validation !== null) parts.push(ofSet(validation, 'to validate on'));
  return parts.join('; ');
}

function ofSet({ examples, changed }: ExampleCounts, purpose: string): string {
  const facts = changed.map(({ count, how }) => `${count} ${how}`);
  return `${examples} ${purpose}${facts.length === 0 ? '' : `, of which ${facts.join(' and ')}`}`;
}

/** Some examples are not used as they are: worth a warning. */
export const areChanged = ({ train, validation }: DataCounts): boolean =>
  [train, validation].some((counts) => counts !== null && counts.changed.length > 0);
