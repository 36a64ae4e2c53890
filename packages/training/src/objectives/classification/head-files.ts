import type { ClassifierHead, NetworkPlan } from '@eigenloom/models';
import type { CardLines } from '../objective.js';

/** Config keys that say which class is which. */
export function labelConfig(labels: readonly string[]): Record<string, unknown> {
  return {
    id2label: Object.fromEntries(labels.map((label, index) => [String(index), label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/** What a model card says about the head. */
export function headCard({ family }: NetworkPlan, head: ClassifierHead): CardLines {
  const className = family.heads.classification?.className ?? family.id;
  if (head.native) {
    return { head: `\`${head.module}\`, as ${className} has it`, note: `It loads as \`${className}\`.` };
  }
  return {
    head: `\`${head.module}\`: linear, on the ${head.pooling} of the last hidden states`,
    note: [
      `The head \`${head.module}\` (weight and bias) reads the ${head.pooling} of the last hidden states over the positions of an example.`,
      `\`${className}\` pools otherwise, so the head has a name that this class does not look for.`,
    ].join(' '),
  };
}
