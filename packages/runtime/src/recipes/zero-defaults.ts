const SEARCH = ['batch_size', 'max_length', 'memory_bytes'] as const;

/**
 * Fields for which a request cannot say 0: the contract has no presence for them, so 0 is the default that its comment names. Whoever
 * writes 0 means something else (no checkpoints, a rate of 0, all vectors), and would get that default in silence. By message; tested
 * against the comments of proto/.
 */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'analysis.v1.IntruderDimensions': ['k'],
  'init.v1.InitAdapterRequest': ['alpha'],
  'init.v1.EvaInit': ['batch_size', 'max_length', 'max_batches'],
  'merge.v1.MergeRequest': ['max_shard_bytes'],
  'merge.v1.GreedySoup': SEARCH,
  'merge.v1.LearnedSoup': [...SEARCH, 'epochs'],
  'merge.v1.AtlasMerge': [...SEARCH, 'epochs'],
  'merge.v1.AdaMerging': [...SEARCH, 'steps'],
  'merge.v1.GraftMerge': [...SEARCH, 'batches_per_step'],
  'merge.v1.AdapterSvd': ['rank'],
  'merge.v1.AdapterKnots': ['rank'],
  'merge.v1.ExtractAdapter': ['rank'],
  'merge.v1.MixtureOfExperts': ['experts_per_token'],
  'merge.v1.FisherMerge': ['examples', 'max_length'],
  'merge.v1.RegmeanMerge': ['examples', 'batch_size', 'max_length'],
  'train.v1.TrainRequest': ['batch_size', 'max_length', 'epochs', 'eval_steps', 'checkpoint_steps'],
  'train.v1.Optimizer': ['learning_rate'],
};

const KNOWN: ReadonlySet<string> = new Set(
  Object.entries(FIELDS).flatMap(([message, names]) => names.map((name) => `eigenloom.${message}.${name}`)),
);

/** Whether 0 in a field would be taken for its default; `field` is its full name, `eigenloom.train.v1.TrainRequest.epochs`. */
export const zeroIsDefault = (field: string): boolean => KNOWN.has(field);
