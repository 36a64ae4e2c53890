export { type CallOptions, call } from './native/call.js';
export { fromNative } from './native/native-error.js';
export { type Matrix, type Precision, type Real } from './matrix.js';
export { setThreads, threads } from './threads.js';
export {
  dropoutMask,
  randomBits,
  randomNormals,
  randomOrder,
  type RandomKey,
  streamKey,
} from './keyed-random.js';
export { type RandomOptions, randomNormal, randomUniform } from './random.js';
export { cholesky } from './linalg/cholesky.js';
export { type EigenResult, eigen } from './linalg/eigen.js';
export { type LuResult, lu } from './linalg/lu.js';
export { type MatmulOptions, matmul } from './linalg/matmul.js';
export { type QrResult, qr } from './linalg/qr.js';
export { type RandomizedSvdOptions, randomizedSvd } from './linalg/randomized-svd.js';
export { type SolveMethod, solve } from './linalg/solve.js';
export { type SingularVectors, type SvdOptions, type SvdResult, svd } from './linalg/svd.js';
export { compareSingularVectors } from './spectrum/compare-vectors.js';
export type {
  Bulk,
  NoTail,
  PowerLawTail,
  SpectrumSummary,
  VectorComparison,
  WeightLayout,
} from './spectrum/native-spectrum.js';
export { spectrum } from './spectrum/spectrum.js';
export { type SymmetricEigenResult, symmetricEigen } from './linalg/symmetric-eigen.js';
export { type Dtype, isFloat, sizeOf } from './checkpoint/dtype.js';
export { type LowRankPair, foldLowRank } from './checkpoint/fold-low-rank.js';
export {
  type OpenFileOptions,
  type ReadAs,
  SafetensorsFile,
  type StoredTensor,
} from './checkpoint/safetensors-file.js';
export { SafetensorsWriter, type TensorPlan, type WriterOptions } from './checkpoint/safetensors-writer.js';
export { sha256File } from './checkpoint/sha256-file.js';
export {
  type Interference,
  MergeJob,
  type MergePair,
  type MergeReport,
  type TensorDifference,
  type RowPicks,
  type MergeMasks,
  type MergeSource,
  type MergeStatistic,
  type MergeTensor,
} from './merge/merge-job.js';
export type { MaskNeeds, MatrixRule, MergeStep } from './merge/merge-step.js';
export { Fastfood, type FastfoodSize } from './projection/fastfood.js';
export { kernels } from './kernels/kernels.js';
export { type NativeKernels } from './kernels/native-kernels.js';
