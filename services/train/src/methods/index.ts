import type { common, MethodInfo } from '@eigenloom/contracts';
import { OBJECTIVES, OPTIMIZERS } from '@eigenloom/training';

const listed = (field: string, methods: readonly MethodInfo[]): common.Method[] =>
  methods.map((method) => ({ ...method, field }));

/** What a run can train, minimise and step by, in the order of the proto. */
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
  ...listed('objective', OBJECTIVES.methods),
  ...listed('optimizer.rule', OPTIMIZERS.methods),
];
