import { createHash } from 'node:crypto';

import { openModel } from '@eigenloom/adapters';
import { type Model, type TensorInfo, findTensor } from '@eigenloom/checkpoint';
import { incompatible, internal } from '@eigenloom/errors';
import {
  type CallOptions,
  type Dtype,
  MergeJob,
  type RowPicks,
  SafetensorsWriter,
  type TensorPlan,
  isFloat,
  sizeOf,
} from '@eigenloom/numeric';

import type { RearrangedTensors } from '../plan/planned.js';
import type { MergekitInput } from './inputs.js';

/** Tensors with a row for each token, by the names that mergekit's architectures give them. */
const VOCABULARY_TENSORS =
  /(?:^|\.)(?:embed_tokens|tok_embeddings|word_embeddings|embeddings|embed_in|wte|shared)\.weight$|(?:^|\.)(?:embed_out|output|output_layer|lm_head|lm_head\.(?:decoder|linear)|vocab_projector|cls\.predictions(?:\.decoder)?)\.(?:weight|bias)$/;

/** Models as they are once their embeddings have the rows of the result. */
export interface Rearranged extends RearrangedTensors {
  readonly view: (input: MergekitInput) => MergekitInput;
}

/** `picks` has one entry for each model. Errors: `INCOMPATIBLE_MODELS`, naming a tensor that does not fit. */
export function rearranged(models: readonly MergekitInput[], picks: readonly RowPicks[]): Rearranged {
  const views = models.map((input, index) => viewOf(input, models, picks[index] ?? EMPTY));
  const hash = createHash('sha256');
  for (const { starts, picks: rows, padding } of picks) {
    for (const part of [starts, rows, Uint32Array.of(padding)]) hash.update(part);
  }
  return {
    view: (input) => views[models.indexOf(input)]?.input ?? input,
    digest: hash.digest('hex'),
    tokens: (picks[0] ?? EMPTY).starts.length - 1,
    bytes: views.reduce((sum, { bytes }) => sum + bytes, 0),
    async write(folder, options) {
      for (const [index, view] of views.entries()) {
        await view.write(`${folder}/${index}.safetensors`, options);
      }
    },
  };
}

const EMPTY: RowPicks = { starts: new Uint32Array(1), picks: new Uint32Array(), padding: 0 };

interface View {
  readonly input: MergekitInput;
  readonly bytes: number;
  readonly write: (path: string, options: CallOptions) => Promise<void>;
}

function viewOf(input: MergekitInput, models: readonly MergekitInput[], picks: RowPicks): View {
  const { model } = input;
  const plans = vocabularyOf(input, models, picks);
  const changed = new Map(plans.map((plan) => [plan.name, infoOf(plan)]));
  let written: Model | undefined;
  const holder = (name: string): Model => {
    if (!changed.has(name)) return model;
    if (written === undefined) throw internal('NOT_REARRANGED', 'rearranged embeddings were read too early');
    return written;
  };
  const view: Model = {
    ...{ directory: model.directory, config: model.config, ignored: model.ignored, untied: model.untied },
    ...{ weightFiles: model.weightFiles, carriedFiles: model.carriedFiles, notes: model.notes ?? [] },
    dense: model.dense,
    tensors: new Map([...model.tensors].map(([name, info]) => [name, changed.get(name) ?? info])),
    read: (name, as, options) => holder(name).read(name, as, options),
    readRaw: (name, options) => holder(name).readRaw(name, options),
    countNonFinite: (name, options) => holder(name).countNonFinite(name, options),
    source: (name) => holder(name).source(name),
  };
  return {
    input: { ...input, model: view },
    bytes: [...changed.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    async write(path, options) {
      // Rows are copied, or are means of no larger size: what is not finite comes from the inputs, and the merge names them.
      const writer = await SafetensorsWriter.create(
        path,
        plans,
        { format: 'pt' },
        { ...options, allowNonFinite: true },
      );
      try {
        for (const { name } of plans) {
          const sources = models.map((each) => each.model.source(partner(name, each)?.name ?? name));
          await MergeJob.gatherRows(name, sources, picks, writer, { signal: options.signal });
        }
        await writer.finish(options);
      } catch (error) {
        writer.discard();
        throw error;
      }
      written = await openModel(path, { signal: options.signal });
    },
  };
}

const partner = (name: string, { model }: MergekitInput): TensorInfo | undefined =>
  findTensor(name, model.tensors);

/** The tensors of a model that have a row for each token, as they will be. */
function vocabularyOf(
  { anatomy, model }: MergekitInput,
  models: readonly MergekitInput[],
  { starts, padding }: RowPicks,
): TensorPlan[] {
  const rows = starts.length - 1 + padding;
  const names = anatomy.loose.filter((name) => VOCABULARY_TENSORS.test(name));
  return names.flatMap((name) => {
    const own = model.tensors.get(name);
    if (own === undefined || own.shape.length === 0) return [];
    const all = models.map((input) => ({ input, tensor: partner(name, input) }));
    const tail = own.shape.slice(1);
    const other = all.find(
      ({ tensor }) => tensor?.shape.slice(1).join() !== tail.join() || !isFloat(tensor.dtype),
    );
    if (other !== undefined) {
      const why = other.tensor === undefined ? 'is missing' : 'has rows of another size or type';
      throw incompatible(
        'INCOMPATIBLE_MODELS',
        `tensor ${JSON.stringify(name)} ${why} in ${other.input.label}`,
      );
    }
    const dtypes = all.flatMap(({ tensor }) => (tensor === undefined ? [] : [tensor.dtype]));
    return [{ name, dtype: common(dtypes), shape: [rows, ...tail] }];
  });
}

/** The type that holds the values of all, as PyTorch promotes them. */
function common(dtypes: readonly Dtype[]): Dtype {
  const [first = 'F32', ...others] = dtypes;
  return others.reduce((wider, dtype) => {
    if (wider === dtype || sizeOf(wider) > sizeOf(dtype)) return wider;
    return sizeOf(dtype) > sizeOf(wider) ? dtype : 'F32';
  }, first);
}

const infoOf = ({ name, dtype, shape }: TensorPlan): TensorInfo => ({
  ...{ name, dtype, shape, file: 'model.safetensors' },
  byteLength: shape.reduce((product, size) => product * size, sizeOf(dtype)),
});
