// Who may import whom, read by the linter and by `npm run imports`:
// services → training → adapters → models → datasets, engine, checkpoint → numeric → crates.
export const LAYERS = {
  errors: [],
  contracts: ['errors'],
  numeric: ['errors'],
  checkpoint: ['errors', 'numeric', 'contracts'],
  runtime: ['errors', 'contracts', 'checkpoint'],
  engine: ['errors', 'numeric'],
  report: ['errors'],
  datasets: ['errors', 'numeric', 'checkpoint'],
  models: ['errors', 'numeric', 'checkpoint', 'engine', 'datasets'],
  adapters: ['errors', 'contracts', 'numeric', 'checkpoint', 'engine', 'models'],
  training: [
    ...['errors', 'contracts', 'numeric', 'checkpoint', 'engine', 'report'],
    ...['datasets', 'models', 'adapters'],
  ],
  testkit: ['errors', 'contracts', 'numeric', 'checkpoint', 'runtime'],
};

// They never import each other; `cli` is the one composition root that links them.
export const SERVICES = ['init', 'train', 'merge', 'analysis'];

// Crates of crates/, by folder.
export const CRATE_LAYERS = {
  numeric: [],
  'numeric-node': ['numeric'],
};
