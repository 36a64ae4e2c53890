import { isOutputLayer, tiesEmbeddings } from '@eigenloom/checkpoint';

import { differenceIn } from './find-problems.js';
import { inputsOf, type MergePlan, type PlannedInput, type PlannedTensor } from './planned.js';

/** Tensors that a note names. */
const NAMED = 3;

/** What is worth knowing of a merge that can run, before it does: one sentence each. */
export function notesOf(plan: MergePlan): string[] {
  const inputs = inputsOf(plan);
  const notes = ['architectures', 'vocab_size', 'max_position_embeddings', 'rope_theta'].flatMap((key) => {
    const difference = differenceIn(key, inputs);
    return difference === undefined ? [] : [`${key} ${difference}`];
  });
  const converted = plan.tensors.filter(({ sources, dtype }) =>
    typesOf(sources).some((type) => type !== dtype),
  );
  const types = [...new Set(converted.map(conversionOf))];
  if (converted.length > 0) {
    notes.push(`${count(converted)} converted: ${types.slice(0, NAMED).join(', ')} (${named(converted)})`);
  }
  const copied = plan.tensors.filter(({ merged, buffer }) => !merged && buffer !== true);
  if (copied.length > 0)
    notes.push(
      `${count(copied)} integer or boolean: equal in all models, or the merge fails (${named(copied)})`,
    );
  const buffers = plan.tensors.filter(({ buffer }) => buffer === true);
  if (buffers.length > 0) {
    const from = buffers[0]?.sources[0]?.input.label ?? '';
    notes.push(
      `${count(buffers)} copied from ${from}, because training changes no buffers (${named(buffers)})`,
    );
  }
  const alone = plan.tensors.filter(({ base, buffer }) => base === undefined && buffer !== true);
  if (plan.base !== undefined && alone.length > 0) {
    notes.push(`${count(alone)} missing in the base or of another shape there (${named(alone)})`);
  }
  if (plan.leftOut.length > 0) {
    const names = plan.leftOut.slice(0, NAMED).map((name) => JSON.stringify(name.slice(0, 80)));
    notes.push(`left out, because the base lacks them: ${plan.leftOut.length} tensors (${names.join(', ')})`);
  }
  if (plan.rearranged !== undefined) notes.push('embeddings are put in the order of the result’s tokens');
  return [...notes, ...tiedNotes(inputs), ...ignoredNotes(inputs), ...copiedNotes(plan), ...plan.notes];
}

/** Buffers that the result does not have, because the model that leads lacks them. */
export function bufferNotes(buffers: ReadonlyMap<string, string>): string[] {
  const names = [...buffers].slice(0, NAMED).map(([name, label]) => `${JSON.stringify(name)} of ${label}`);
  const more = buffers.size > NAMED ? ', …' : '';
  return buffers.size === 0
    ? []
    : [`Buffers that only some of the models have are left out: ${names.join(', ')}${more}`];
}

/** What opening the models found that a user should know. */
export const inputNotes = (inputs: readonly PlannedInput[]): string[] =>
  inputs.flatMap(({ label, model }) => (model.notes ?? []).map((note) => `${label}: ${note}`));

const typesOf = (sources: PlannedTensor['sources']): string[] => sources.map(({ tensor }) => tensor.dtype);

const conversionOf = ({ sources, dtype }: PlannedTensor): string =>
  `${[...new Set(typesOf(sources))].sort().join(' and ')} to ${dtype}`;

const count = ({ length }: readonly unknown[]): string =>
  length === 1 ? '1 tensor is' : `${length} tensors are`;

const named = (tensors: readonly PlannedTensor[]): string => {
  const names = tensors.slice(0, NAMED).map(({ name }) => JSON.stringify(name.slice(0, 80)));
  return names.join(', ') + (tensors.length > NAMED ? ', …' : '');
};

const isHead = (name: string): boolean =>
  name.endsWith('.weight') && isOutputLayer(name.slice(0, -'.weight'.length));

/** A head that is stored although the config says that it is the embeddings. */
const tiedNotes = (inputs: readonly PlannedInput[]): string[] =>
  inputs
    .filter(
      ({ model: { config, tensors } }) => tiesEmbeddings(config) === true && [...tensors.keys()].some(isHead),
    )
    .map(({ label }) => `${label} has a head of its own although tie_word_embeddings is true`);

const ignoredNotes = (inputs: readonly PlannedInput[]): string[] => {
  const ignored = new Set(inputs.flatMap(({ ignored: keys }) => keys));
  return [...ignored].sort().map((key) => `${key} is ignored, because it would run code`);
};

/** Modules after the transformer, such as 2_Dense of sentence-transformers, come from one model. */
export function copiedNotes({ donor, base, models }: Pick<MergePlan, 'donor' | 'base' | 'models'>): string[] {
  const weights = donor.carriedFiles.filter((name) => name.endsWith('/model.safetensors'));
  const several = models.length + (base === undefined ? 0 : 1) > 1;
  return weights.length === 0 || !several ? [] : [`copied and not merged: ${weights.join(', ')}`];
}
