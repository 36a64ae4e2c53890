/** A kind of task that a head is for; `pooling`: one vector for an example, which a checkpoint may have and no task reads. */
export type HeadKind = 'classification' | 'language_modeling' | 'pooling';

/** What every module has. Its tensors are named after `path`. */
interface Module {
  readonly path: string;
  /** Read only by the head of this kind; the layers do without it. */
  readonly head?: HeadKind;
  /** Absent from some checkpoints of the family, and the layers then work without it. */
  readonly optional?: boolean;
}

/** y = x·Wᵀ + b with W [out, in]. */
export interface LinearSpec extends Module {
  readonly kind: 'linear';
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  /** Modules of a model with the same name here read the same input. Default: the module's own path. */
  readonly reads?: string;
}

/** Normalisation over the last axis. arXiv:1607.06450; `rms`: arXiv:1910.07467, without a bias. */
export interface NormSpec extends Module {
  readonly kind: 'norm';
  readonly form: 'layer' | 'rms';
  readonly size: number;
  readonly epsilon: number;
}

/** A table with one row for each token or position: [rows, width]. */
export interface EmbeddingSpec extends Module {
  readonly kind: 'embedding';
  readonly rows: number;
  readonly width: number;
}

/** y = p·Wᵀ + b for each square p of pixels, with W stored as a convolution has it: [width, channels, patch, patch]. */
export interface PatchSpec extends Module {
  readonly kind: 'patches';
  readonly channels: number;
  /** Side of a square, in pixels. */
  readonly patch: number;
  readonly width: number;
}

/** A tensor that belongs to no module of the kinds above, such as a class token. `path` is its name. */
export interface WeightSpec extends Module {
  readonly kind: 'weight';
  readonly shape: readonly number[];
}

/** Where queries meet keys and values. It has no tensors of its own. */
export interface AttentionSpec extends Module {
  readonly kind: 'attention';
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** A part of the residual stream, seen as a function of hidden states [n, width]. It has no tensors of its own. */
export interface BlockSpec extends Module {
  readonly kind: 'block';
  /** A whole layer, or what it adds to the stream: attention with its projection, or the feed-forward part. */
  readonly role: 'layer' | 'attention' | 'feed-forward';
  readonly width: number;
}

/** Where the embedded input enters the first layer: rows [n, width]. It has no tensors of its own. */
export interface InputSpec extends Module {
  readonly kind: 'input';
  readonly width: number;
}

/** One module of a family, in the order of the forward pass. A path is unique among the modules of its kind. */
export type ModuleSpec =
  LinearSpec | NormSpec | EmbeddingSpec | PatchSpec | WeightSpec | AttentionSpec | BlockSpec | InputSpec;

/** A tensor that a network needs. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Absent from some checkpoints of the family, and the network then works without it. */
  readonly optional?: boolean;
}

/** The tensors of a module under their names in the checkpoint. */
export function tensorsOf(module: ModuleSpec): ParameterSpec[] {
  const { path, optional } = module;
  const spec = (name: string, shape: readonly number[]): ParameterSpec =>
    optional === true ? { name, shape, optional } : { name, shape };
  switch (module.kind) {
    case 'linear': {
      const weight = spec(`${path}.weight`, [module.out, module.in]);
      return module.bias ? [weight, spec(`${path}.bias`, [module.out])] : [weight];
    }
    case 'norm': {
      const weight = spec(`${path}.weight`, [module.size]);
      return module.form === 'rms' ? [weight] : [weight, spec(`${path}.bias`, [module.size])];
    }
    case 'embedding':
      return [spec(`${path}.weight`, [module.rows, module.width])];
    case 'patches':
      return [
        spec(`${path}.weight`, [module.width, module.channels, module.patch, module.patch]),
        spec(`${path}.bias`, [module.width]),
      ];
    case 'weight':
      return [spec(path, module.shape)];
    case 'attention':
    case 'block':
    case 'input':
      return [];
  }
}

/** Linear modules that read the same input, in the order of the forward pass. */
export interface LinearGroup {
  /** Module paths: the names of their weights without `.weight`. */
  readonly modules: readonly string[];
  readonly inputSize: number;
}

/** The linear modules among these, those with one input together. */
export function groupsOf(modules: readonly ModuleSpec[]): LinearGroup[] {
  const groups = new Map<string, { modules: string[]; inputSize: number }>();
  for (const module of modules) {
    if (module.kind !== 'linear') continue;
    const reads = module.reads ?? module.path;
    const group = groups.get(reads);
    if (group === undefined) groups.set(reads, { modules: [module.path], inputSize: module.in });
    else group.modules.push(module.path);
  }
  return [...groups.values()];
}
