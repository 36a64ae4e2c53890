import type { common } from '@eigenloom/contracts';

/** What a run can train, in the order of the proto. */
export const TRAIN_METHODS: readonly common.Method[] = [
  {
    id: 'adapter',
    summary: 'An adapter and the classification head; the base stays as it is',
    paper: 'arXiv:2106.09685',
    deviations: '',
    field: 'trainable',
  },
  {
    id: 'full',
    summary: 'Every weight that the objective reaches',
    paper: 'arXiv:1711.05101',
    deviations: '',
    field: 'trainable',
  },
];
