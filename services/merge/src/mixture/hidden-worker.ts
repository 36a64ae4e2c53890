import type { EngineModule } from '@eigenloom/engine';
import { type TextTokenizer, loadNetwork, loadTokenizer } from '@eigenloom/models';

import { openPaths } from '../plan/model-paths.js';
import type { ModelPaths } from '../plan/planned.js';
import { type TextState, meanLayerInputs } from './hidden-states.js';
import { type PromptTexts, tokenizePrompt } from './prompts.js';

export interface HiddenTask {
  readonly base: ModelPaths;
  readonly tokenizerFolder: string;
  readonly experts: readonly PromptTexts[];
  readonly state: TextState;
}

/** Runs in a worker thread: for each expert the mean over its positive prompts minus that over the negative ones, [layers·hidden]. */
const hiddenDirections: EngineModule<HiddenTask, Float64Array[]> = async (task, { signal, report }) => {
  const model = await openPaths(task.base, signal);
  const tokenizer: TextTokenizer = await loadTokenizer(task.tokenizerFolder);
  const network = await loadNetwork(model, { signal });
  const texts = task.experts.reduce(
    (sum, { positive, negative }) => sum + positive.length + negative.length,
    0,
  );
  let done = 0;
  const onText = (): void => {
    signal.throwIfAborted();
    report({ fraction: (done += 1) / texts, phase: 'reading prompts' });
  };
  const mean = (prompts: readonly string[]): Float64Array => {
    const ids = prompts.map((text) => tokenizePrompt(tokenizer, text, network.config.maxPositions));
    return meanLayerInputs(network, ids, task.state, onText);
  };
  try {
    return task.experts.map(({ positive, negative }) => {
      const direction = mean(positive);
      if (negative.length === 0) return direction;
      const away = mean(negative);
      return direction.map((value, i) => value - (away[i] ?? 0));
    });
  } finally {
    network.dispose();
  }
};
export default hiddenDirections;
