/** Forward passes of Hugging Face architectures in tf.js by their own tensor names; tokenizers. */
export { captureLinearInputs, type CaptureOptions, type LinearInput } from './capture.js';
export { classNamesOf, rowsOfLabels, type HeadClasses } from './class-names.js';
export {
  addClassifierHead,
  classifierHead,
  classifierLogits,
  findClassifierHead,
  headGroups,
  headRowsOf,
  headSpecs,
  loadClassifierHead,
  reachedParameters,
  requireHeadFits,
  type ClassifierHead,
} from './classifier-head.js';
export {
  evaluateClassifier,
  evaluateLanguageModel,
  type ClassifiedText,
  type EvaluateOptions,
  type Evaluation,
  type Prediction,
} from './evaluate.js';
export type { ForwardOptions } from './forward/forward-pass.js';
export type { LoraDropout, LoraPair } from './forward/lora.js';
export { meanCrossEntropy } from './forward/losses.js';
export { Parameters } from './forward/parameters.js';
export { pool } from './forward/pooling.js';
export type { ModelSource } from './model-source.js';
export { loadNetwork, Network, nextTokens, planNetwork, type NetworkPlan } from './network.js';
export type {
  Architecture,
  LinearGroup,
  NativeHead,
  NetworkConfig,
  ParameterSpec,
  Pooling,
} from './networks/architecture.js';
export { ARCHITECTURES, architectureOf } from './networks/index.js';
export { makeBatch, type Batch } from './tokens/batch.js';
export { checkTextFits, type TextLength } from './tokens/check-length.js';
export {
  TextSet,
  type TextCounts,
  type TextSource,
  type TokenOptions,
  type UsedTexts,
} from './tokens/text-set.js';
export { tokenize, tokenizeExamples, type TokenizedTexts } from './tokens/tokenize.js';
export { loadTokenizer, type EncodedText, type TextTokenizer } from './tokens/tokenizer.js';
