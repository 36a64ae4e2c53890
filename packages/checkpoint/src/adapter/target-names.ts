import type { Model } from '../model/model.js';
import { hasName } from './target-rules.js';

/**
 * Target modules as PEFT understands them in a list: a name means every module of that name at any depth. The patterns themselves when
 * they say the same to PEFT as they did here, else the paths of the adapted modules.
 */
export function targetNames(
  patterns: readonly string[],
  model: Model,
  adapted: readonly string[],
): readonly string[] {
  const modules = [...model.tensors.keys()].map((name) => name.slice(0, Math.max(0, name.lastIndexOf('.'))));
  const meant = new Set(modules.filter((module) => hasName(module, patterns)));
  const same = meant.size === adapted.length && adapted.every((path) => meant.has(path));
  return same ? [...new Set(patterns)] : adapted;
}
