import { type FrozenFormat, tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import { asTokens, wrongKind, type Batch, type PixelBatch } from './batch.js';
import type { Family, NetworkConfig } from './families/family.js';
import { familyOf } from './families/index.js';
import {
  groupsOf,
  tensorsOf,
  type LinearGroup,
  type ModuleSpec,
  type NormSpec,
} from './families/module-spec.js';
import { ForwardPass, type ForwardOptions } from './forward/forward-pass.js';
import { loadParameters, type Parameters } from './forward/parameters.js';
import type { Features } from './forward/row-layout.js';
import type { ModelSource } from './model-source.js';
import type { TokenBatch } from './tokens/batch.js';

/** What can be known of a network without reading its weights: for validation and estimates. */
export interface NetworkPlan {
  readonly family: Family;
  readonly config: NetworkConfig;
  /** What its tensor names start with: '' or, for example, 'bert.'. */
  readonly prefix: string;
  /** In the order of the forward pass. */
  readonly modules: readonly ModuleSpec[];
}

/** A model that can be run: its weights on the current tf.js backend, under their names in the checkpoint. */
export class Network implements NetworkPlan {
  readonly family: Family;
  readonly config: NetworkConfig;
  readonly prefix: string;
  readonly modules: readonly ModuleSpec[];
  readonly #norms: ReadonlyMap<string, NormSpec>;

  constructor(
    { family, config, prefix, modules }: NetworkPlan,
    readonly parameters: Parameters,
  ) {
    this.family = family;
    this.config = config;
    this.prefix = prefix;
    this.modules = modules;
    this.#norms = new Map(modules.flatMap((m) => (m.kind === 'norm' ? [[m.path, m] as const] : [])));
  }

  /** Linear modules of the layers, those with one input together. */
  get linearGroups(): LinearGroup[] {
    return linearGroups(this);
  }

  /** The work of one forward pass. */
  pass(options: ForwardOptions = {}): ForwardPass {
    return new ForwardPass({ parameters: this.parameters, norms: this.#norms }, options);
  }

  /** What the layers make of a batch. Call inside tf.tidy. Errors: `INPUT_KIND`, `INPUT_SHAPE`, `TEXT_TOO_LONG`. */
  features(batch: Batch, pass: ForwardPass): Features {
    this.#requireFits(batch);
    return this.family.forward(this.config, this.prefix, pass, batch);
  }

  /** Last hidden states: [rows, hidden]. Call inside tf.tidy. */
  encode(batch: Batch, options: ForwardOptions = {}, onLayer = options.onLayer): tf.Tensor2D {
    const all = onLayer === undefined ? options : { ...options, onLayer };
    return this.features(batch, this.pass(all)).hidden;
  }

  /** Scores of the next token at every position of the batch: [size·length, vocabulary]. Call inside tf.tidy. */
  languageLogits(batch: Batch, options: ForwardOptions = {}): tf.Tensor2D {
    const pass = this.pass(options);
    return this.languageScores(batch, this.features(batch, pass), pass);
  }

  /** As `languageLogits`, of what the layers made of the batch in a pass. Errors: `NO_LANGUAGE_HEAD`. */
  languageScores(batch: Batch, features: Features, pass: ForwardPass): tf.Tensor2D {
    return this.scoresOf(this.ownHidden(features, batch), pass);
  }

  /** Scores of the next token, of last hidden states [n, hidden]: [n, vocabulary]. Errors: `NO_LANGUAGE_HEAD`. */
  scoresOf(hidden: tf.Tensor2D, pass: ForwardPass): tf.Tensor2D {
    const { heads, id } = this.family;
    const head = heads.language_modeling;
    if (head === undefined)
      throw incompatible('NO_LANGUAGE_HEAD', `the ${id} family has no causal language model here`);
    return head.logits(this.config, this.prefix, pass, hidden);
  }

  /** The hidden states of the batch's own positions, without those that an adapter put before them: [size·length, hidden]. */
  ownHidden(features: Features, batch: Batch): tf.Tensor2D {
    return ownRows(features, asTokens(batch));
  }

  dispose(): void {
    this.parameters.dispose();
  }

  #requireFits(batch: Batch): void {
    if (batch.kind !== this.family.input) throw wrongKind(this.family.input, batch);
    if (batch.kind === 'tokens' && batch.length > this.config.maxPositions) {
      throw incompatible(
        'TEXT_TOO_LONG',
        `a text has ${batch.length} tokens, the model has ${this.config.maxPositions} positions`,
      );
    }
    if (batch.kind === 'pixels') requireImageFits(batch, this.config);
  }
}

function requireImageFits({ height, width, channels }: PixelBatch, { image }: NetworkConfig): void {
  if (image === undefined) return;
  if (height === image.height && width === image.width && channels === image.channels) return;
  throw incompatible(
    'INPUT_SHAPE',
    `an image is ${width} × ${height} × ${channels}, the model reads ${image.width} × ${image.height} × ${image.channels}`,
  );
}

/** The hidden states of the batch's own positions: an adapter may have put rows before them. */
function ownRows({ hidden, layout }: Features, { size, length }: TokenBatch): tf.Tensor2D {
  const before = layout.length - length;
  if (before === 0) return hidden;
  const width = hidden.shape[1];
  const all: tf.Tensor3D = tf.reshape(hidden, [size, layout.length, width]);
  return tf.reshape(tf.slice3d(all, [0, before, 0], [size, length, width]), [size * length, width]);
}

/** Linear modules of the layers, those with one input together; those of heads are left out. */
export const linearGroups = ({ modules }: Pick<NetworkPlan, 'modules'>): LinearGroup[] =>
  groupsOf(modules.filter(({ head }) => head === undefined));

/** The token after each, or −1 where there is none: [batch·length]. Errors: `INPUT_KIND`. */
export function nextTokens(batch: Batch): Int32Array {
  const { ids, lengths, length } = asTokens(batch);
  const labels = new Int32Array(ids.length).fill(-1);
  lengths.forEach((count, row) => {
    const start = row * length;
    for (let t = 0; t + 1 < count; t++) labels[start + t] = ids[start + t + 1] ?? -1;
  });
  return labels;
}

/** Works out what a checkpoint's network is. Errors: `UNSUPPORTED_ARCHITECTURE`, `UNSUPPORTED_CONFIG`, `TENSOR_MISSING`. */
export function planNetwork(source: Pick<ModelSource, 'config' | 'tensors'>): NetworkPlan {
  const family = familyOf(source.config);
  const config = family.parseConfig(source.config);
  const prefix = family.prefixes.find((p) => source.tensors.has(p + family.anchor));
  if (prefix === undefined) throw incompatible('TENSOR_MISSING', `the model has no tensor ${family.anchor}`);
  return { family, config, prefix, modules: family.modules(config, prefix) };
}

/** Loads the weights onto the current backend. Refuses tensors that are missing, of another shape, or not finite. */
export async function loadNetwork(
  source: ModelSource,
  { signal, frozen = 'f32' }: NetworkOptions = {},
): Promise<Network> {
  const plan = planNetwork(source);
  const formats = formatsOf(plan.modules, frozen);
  const formatOf = (name: string): FrozenFormat => formats.get(name) ?? 'f32';
  const specs = plan.modules.flatMap(tensorsOf);
  return new Network(plan, await loadParameters(source, specs, { signal, formatOf }));
}

export interface NetworkOptions {
  readonly signal?: AbortSignal;
  /** How the matrices of linear modules and of embeddings are held, but for those of a classification head. Default: f32. */
  readonly frozen?: FrozenFormat;
}

/** By the names of the matrices. Four bits are for linear modules of the layers: tables and output layers are kept in bfloat16, as QLoRA does. */
function formatsOf(modules: readonly ModuleSpec[], frozen: FrozenFormat): ReadonlyMap<string, FrozenFormat> {
  const coarse = frozen === 'nf4' ? 'bf16' : frozen;
  return new Map(
    modules
      .filter(({ kind, head }) => kind === 'embedding' || (kind === 'linear' && head !== 'classification'))
      .map(({ kind, head, path }) => [
        `${path}.weight`,
        kind === 'linear' && head === undefined ? frozen : coarse,
      ]),
  );
}
