import { modulePattern } from '../match-modules.js';
import { isOutputLayer } from '../module-kind.js';
import { CONFIG_FILE, type PeftSettings } from './adapter.js';

/** Heads that PEFT trains in full for a task, whatever `modules_to_save` says. Of several names a model has one. */
const TASK_HEADS: Readonly<Record<string, readonly string[]>> = {
  SEQ_CLS: ['classifier', 'score'],
  TOKEN_CLS: ['classifier', 'score'],
  QUESTION_ANS: ['qa_outputs'],
};
/** Heads that training here adds under names that no class of transformers has. */
const OWN_HEAD = /^(mean|first|last)_pool_classifier$/;
const ALL_LINEAR = 'all-linear';

/** The heads that PEFT trains in full for a task. */
export const taskHeads = (taskType: string): readonly string[] => TASK_HEADS[taskType] ?? [];

/** A module and those that it is part of: `a.b.c`, `a.b`, `a`. */
function withOwners(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('.'));
}

/** PEFT's rule for `modules_to_save`: a name is the end of a path, and means all below it. */
export const isNamed = (path: string, names: readonly string[]): boolean =>
  names.some((name) => name !== '' && withOwners(path).some((owner) => owner.endsWith(name)));

/** Whether an adapter may bring a tensor that its base lacks. */
export function isPromised(module: string, { modulesToSave, taskType }: PeftSettings): boolean {
  return OWN_HEAD.test(module) || isNamed(module, [...modulesToSave, ...taskHeads(taskType)]);
}

/** PEFT's rule for a list of names: a name means every module of that name at any depth. */
export const hasName = (path: string, names: readonly string[]): boolean =>
  names.some((name) => path === name || path.endsWith(`.${name}`));

/** PEFT's rule for a string: an expression for the whole path. Undefined where it is none that can be matched here in bounded time. */
function wholeMatch(pattern: string): ((path: string) => boolean) | undefined {
  try {
    modulePattern(pattern, CONFIG_FILE);
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    return (path) => expression.test(path);
  } catch {
    return undefined;
  }
}

/** The target names where they say all; none where a pattern, layers or exclusions say more, which are not written. */
export function plainTargets({
  targetModules,
  targetPattern,
  layersToTransform,
  excludeModules,
}: PeftSettings): readonly string[] {
  const more = targetPattern !== undefined || layersToTransform !== undefined || excludeModules.length > 0;
  return more ? [] : targetModules;
}

/** Which modules an adapter's config says are adapted, by their paths in PEFT's model; undefined where that cannot be told. */
export function targetRule(settings: PeftSettings): ((path: string) => boolean) | undefined {
  const { targetPattern, targetModules, excludeModules, modulesToSave, taskType } = settings;
  const excluded =
    typeof excludeModules === 'string'
      ? excludeModules === ''
        ? (): boolean => false
        : wholeMatch(excludeModules)
      : (path: string): boolean => hasName(path, excludeModules);
  const targeted =
    targetPattern === undefined
      ? (path: string): boolean => hasName(path, targetModules) && isInLayers(path, targetModules, settings)
      : targetPattern.toLowerCase() === ALL_LINEAR
        ? (path: string): boolean => !isOutputLayer(path)
        : wholeMatch(targetPattern);
  if (excluded === undefined || targeted === undefined) return undefined;
  const inFull = [...modulesToSave, ...taskHeads(taskType)];
  return (path) => !excluded(path) && !isInFull(path, inFull) && targeted(path);
}

/** Whether a pair would lie at or below a module that is trained in full: there names are whole components, as in PEFT. */
export const isInFull = (path: string, names: readonly string[]): boolean =>
  withOwners(path).some((owner) => hasName(owner, names));

/** `layers_to_transform` and `layers_pattern`: the first number of a path that follows the pattern. Full paths are meant always. */
function isInLayers(
  path: string,
  targets: readonly string[],
  { layersToTransform, layersPattern }: PeftSettings,
): boolean {
  if (layersToTransform === undefined || targets.includes(path)) return true;
  const parts = path.split('.');
  const at = parts.findIndex(
    (part, index) =>
      /^\d+$/.test(part) &&
      index < parts.length - 1 &&
      (layersPattern.length === 0 ? index > 1 : hasName(parts.slice(0, index).join('.'), layersPattern)),
  );
  return at >= 0 && layersToTransform.includes(Number(parts[at]));
}
