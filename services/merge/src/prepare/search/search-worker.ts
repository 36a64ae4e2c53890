import type { EngineModule } from '@eigenloom/engine';

import { type Learned, Learning } from './learn.js';
import type { LearnSettings } from './learn-settings.js';
import { openSearch } from './open-search.js';
import type { SearchInput } from './search-input.js';

export interface LearnTask {
  readonly input: SearchInput;
  readonly settings: LearnSettings;
}

/** Runs in a worker thread: learns coefficients; nothing is written anywhere. */
const learnCoefficients: EngineModule<LearnTask, Learned> = async ({ input, settings }, context) => {
  context.report({ fraction: 0, phase: 'loading the models' });
  const search = await openSearch(input, context.signal);
  return new Learning(search, settings, input, context).run();
};
export default learnCoefficients;
