import { tiesEmbeddings } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { classNamesOf } from '@eigenloom/models';

import type { PlannedInput } from './planned.js';

/** Problems by what they are about: a key of config.json, or a tensor. */
export type Problems = ReadonlyMap<string, string>;

/** Models of different families, or one with tied and one with untied embeddings, do not fit whatever their shapes. */
export function familyProblems(inputs: readonly PlannedInput[]): Problems {
  const problems = new Map<string, string>();
  const family = differenceIn('model_type', inputs);
  if (family !== undefined) problems.set('model_type', family);
  // Said at the top of a config, further inside, or by the family's default.
  const tying = differenceOf(({ model }) => tiesEmbeddings(model.config), inputs);
  if (tying !== undefined) problems.set('tie_word_embeddings', tying);
  const classes = classOrderProblem(inputs);
  if (classes !== undefined) problems.set('id2label', classes);
  return problems;
}

/** Heads for the same classes in another order would be merged with the rows of other classes. */
function classOrderProblem(inputs: readonly PlannedInput[]): string | undefined {
  const named = inputs.flatMap(({ model, label }) => {
    const names = classNamesOf(model.config, `${label}: config.json`);
    return names === undefined ? [] : [{ names, label }];
  });
  const [first, ...others] = named;
  const sorted = (names: readonly string[]): string => JSON.stringify(names.toSorted());
  const other = others.find(
    ({ names }) =>
      names.join('\n') !== first?.names.join('\n') && sorted(names) === sorted(first?.names ?? []),
  );
  if (first === undefined || other === undefined) return undefined;
  const shown = (names: readonly string[]): string => JSON.stringify(names).slice(0, 60);
  return `has the classes in the order ${shown(first.names)} in ${first.label} and ${shown(other.names)} in ${other.label}`;
}

/** How the models differ in a key of config.json: `is "llama" in base and "mistral" in models[0]`. */
export const differenceIn = (key: string, inputs: readonly PlannedInput[]): string | undefined =>
  differenceOf(({ model }) => model.config[key], inputs);

function differenceOf(
  read: (input: PlannedInput) => unknown,
  inputs: readonly PlannedInput[],
): string | undefined {
  const valueOf = (input: PlannedInput): string | undefined => {
    const value = read(input);
    return value === undefined ? undefined : JSON.stringify(value);
  };
  const [first, ...others] = inputs.filter((input) => valueOf(input) !== undefined);
  const other = others.find((input) => first !== undefined && valueOf(input) !== valueOf(first));
  if (first === undefined || other === undefined) return undefined;
  const shown = (input: PlannedInput): string => (valueOf(input) ?? '').slice(0, 60);
  return `is ${shown(first)} in ${first.label} and ${shown(other)} in ${other.label}`;
}

/** Problems that the error's message names; its details have more, as many as a status may hold. */
const IN_MESSAGE = 6;
const IN_DETAILS = 32;

/** `INCOMPATIBLE_MODELS` with everything that does not fit, the number in all included; nothing where all fits. */
export function refuseProblems(families: Problems, tensors: Problems, inputs: readonly PlannedInput[]): void {
  const lines = [
    ...[...families].map(([key, why]) => `${key} ${why}`),
    ...[...tensors].map(([name, why]) => `tensor ${JSON.stringify(name.slice(0, 80))} ${why}`),
  ];
  if (lines.length === 0) return;
  const vocabularies = tensors.size === 0 ? undefined : differenceIn('vocab_size', inputs);
  if (vocabularies !== undefined) {
    lines.unshift(`vocab_size ${vocabularies} (tokenizer_source in a mergekit configuration makes them one)`);
  }
  const shown = lines.slice(0, IN_MESSAGE).join('; ');
  const more = lines.length > IN_MESSAGE ? `; and ${lines.length - IN_MESSAGE} more` : '';
  const details = [...families, ...tensors]
    .slice(0, IN_DETAILS)
    .map(([about, why]) => [about.slice(0, 80), why.slice(0, 120)] as const);
  throw incompatible('INCOMPATIBLE_MODELS', shown + more, {
    details: { problems: String(families.size + tensors.size), ...Object.fromEntries(details) },
  });
}
