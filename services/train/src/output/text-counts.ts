import type { TextCounts } from '@eigenloom/models';
import type { DataCounts } from '@eigenloom/training';

/** What became of the texts, in words: `120 to train on, of which 3 lost their end; 30 to validate on`. */
export function textsLine({ train, validation }: DataCounts): string {
  const parts = [ofSet(train, 'to train on')];
  if (validation !== null) parts.push(ofSet(validation, 'to validate on'));
  return parts.join('; ');
}

function ofSet({ texts, cut, unused }: TextCounts, purpose: string): string {
  const facts = [
    ...(cut === 0 ? [] : [`${cut} lost their end`]),
    ...(unused === 0 ? [] : [`${unused} have no next token and are left out`]),
  ];
  return `${texts} ${purpose}${facts.length === 0 ? '' : `, of which ${facts.join(' and ')}`}`;
}

/** Texts that are not used as they are: worth a warning. */
export const areShortened = ({ train, validation }: DataCounts): boolean =>
  [train, validation].some((counts) => counts !== null && counts.cut + counts.unused > 0);
