/** Forward passes of Hugging Face architectures in tf.js by their own tensor names; tokenizers. */
export { captureLinearInputs, type CaptureOptions, type LinearInput } from './capture.js';
export { classNamesOf, rowsOfLabels, type HeadClasses, type Labelled } from './class-names.js';
export {
  addClassifierHead,
  classifierHead,
  classifierLogits,
  findClassifierHead,
  headGroups,
  headRowsOf,
  headSpecs,
  headTensors,
  loadClassifierHead,
  nativeHeadOf,
  reachedParameters,
  requireHeadFits,
  scored,
  type ClassifierHead,
  type Scored,
} from './classifier-head.js';
export {
  evaluateClassifier,
  evaluateLanguageModel,
  type EvaluateOptions,
  type Evaluation,
  type Prediction,
} from './evaluate.js';
export type {
  DataSource,
  ExampleKind,
  ExampleReader,
  ExampleSet,
  ReadingModel,
  ReadOptions,
} from './examples/example-kind.js';
export { loadAhead, type ExampleCounts, type Examples, type UsedExamples } from './examples/examples.js';
export { EXAMPLE_KINDS } from './examples/index.js';
export type {
  AppliedAdapter,
  Attend,
  AttentionStates,
  HookContext,
  HookKind,
  LinearBase,
  SiteHooks,
  TrainingKeys,
} from './forward/adapter-hooks.js';
export type { ForwardOptions, ForwardPass } from './forward/forward-pass.js';
export { meanCrossEntropy } from './forward/losses.js';
export { Parameters } from './forward/parameters.js';
export { pool } from './forward/pooling.js';
export type { Features, RowLayout } from './forward/row-layout.js';
export type { ModelSource } from './model-source.js';
export { nextTokenLoss, scoredTogether } from './language-loss.js';
export { linearGroups, loadNetwork, Network, nextTokens, planNetwork, type NetworkPlan } from './network.js';
export type {
  ClassificationHead,
  Family,
  Heads,
  ImageInput,
  LanguageHead,
  NetworkConfig,
  Pooling,
} from './families/family.js';
export { FAMILIES, familyOf } from './families/index.js';
export {
  groupsOf,
  tensorsOf,
  type HeadKind,
  type LinearGroup,
  type LinearSpec,
  type ModuleSpec,
  type NormSpec,
  type ParameterSpec,
} from './families/module-spec.js';
export type { Batch, PixelBatch } from './batch.js';
export { makeBatch, type TokenBatch } from './tokens/batch.js';
export { checkTextFits, type TextLength } from './tokens/check-length.js';
export { TextExamples, type ClassifiedText } from './tokens/text-examples.js';
export {
  TextSet,
  type TextCounts,
  type TextSource,
  type TokenOptions,
  type UsedTexts,
} from './tokens/text-set.js';
export { tokenize, tokenizeExamples, type TokenizedTexts } from './tokens/tokenize.js';
export { loadTokenizer, type EncodedText, type TextTokenizer } from './tokens/tokenizer.js';
