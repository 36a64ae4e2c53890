import type { Definition, init } from '@eigenloom/contracts';
import type { Start } from '../start.js';

/** What a tensor of an adapter takes to be drawn, about. */
const SECONDS_PER_VALUE = 2.5e-8;

/** Every tensor as the adapter's authors start it; of LoRA, Hu et al. 2021, arXiv:2106.09685, section 4.1: ΔW = 0. */
export const defaultStart: Definition<init.DefaultStart, Start> = {
  summary: "The adapter's own start; of LoRA, A Kaiming-uniform and B zero: the model is unchanged",
  paper: 'arXiv:2106.09685',
  deviations: '',
  create: () => ({
    changesBase: false,
    fillsPairs: false,
    sharesRanks: false,
    data: [],
    cost: ({ values }) => ({ seconds: values * SECONDS_PER_VALUE, memoryBytes: 0, readsWeights: false }),
    run: () => Promise.resolve(new Map()),
  }),
};
