import type { Lab } from './lab.js';
import { encoder } from './tasks.js';

/** A LoRA of rank 8 at the attention and the feed-forward modules of the encoder, not trained yet. */
export async function startedPairs(lab: Lab, seed: number): Promise<string> {
  const start = await lab.run('init', {
    model: { uri: await encoder(lab) },
    seed: String(seed),
    targetModules: ['query', 'key', 'value', 'output.dense', 'intermediate.dense'],
    lora: { rank: 8, alpha: 16 },
  });
  return start.folder;
}
