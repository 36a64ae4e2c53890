// Made from crates/numeric-node by `npm run bridge`. Do not change it by hand.
export interface NativeTask {
  cancel(): void;
  fraction(): number;
}
export interface NativeTensor {
  name: string;
  dtype: string;
  shape: Array<number>;
  byteLength: number;
}
export interface NativeSafetensorsFile {
  tensors(): Array<NativeTensor>;
  metadata(): Record<string, string>;
  identity(): string;
  readF32(task: NativeTask, name: string): Promise<Float32Array>;
  readF64(task: NativeTask, name: string): Promise<Float64Array>;
  readPartF64(task: NativeTask, name: string, first: number, count: number): Promise<Float64Array>;
  readRaw(task: NativeTask, name: string): Promise<Uint8Array>;
  countNonFinite(task: NativeTask, name: string): Promise<number>;
}
export interface NativeFoldShape {
  rows: number;
  columns: number;
  rank: number;
}
export interface NativePlan {
  name: string;
  dtype: string;
  shape: Array<number>;
}
export interface NativeNonFiniteResult {
  tensor: string;
  dtype: string;
  largest: number;
  elements: number;
  count: number;
}
export interface NativeSafetensorsWriter {
  write(task: NativeTask, name: string, data: Float32Array | Float64Array | Uint8Array): Promise<undefined>;
  nonFinite(): Array<NativeNonFiniteResult>;
  finish(task: NativeTask): Promise<string>;
  discard(): void;
}
export type RealArray = Float32Array | Float64Array;
export interface NativeMatrix {
  rows: number;
  columns: number;
  data: RealArray;
}
export interface NativeSymmetricEigen {
  values: RealArray;
  vectors?: NativeMatrix;
}
export interface NativeComplexMatrix {
  real: NativeMatrix;
  imaginary: NativeMatrix;
}
export interface NativeEigen {
  real: RealArray;
  imaginary: RealArray;
  vectors?: NativeComplexMatrix;
}
export interface NativeQr {
  q: NativeMatrix;
  r: NativeMatrix;
}
export interface NativeLu {
  l: NativeMatrix;
  u: NativeMatrix;
  permutation: Uint32Array;
}
export type NativeMethod = 'lu' | 'cholesky' | 'lower' | 'upper' | 'leastSquares';
export type NativeVectors = 'thin' | 'full' | 'none';
export interface NativeSvd {
  u?: NativeMatrix;
  s: RealArray;
  vt?: NativeMatrix;
}
export interface NativeNonFinite {
  tensor: string;
  model?: number;
  count: number;
}
export interface NativeDifference {
  changed: boolean;
  delta: number;
  reference: number;
}
export interface NativeMergeReport {
  tensors: number;
  changedTensors: number;
  deltaNorm: number;
  referenceNorm: number;
  differences: Array<NativeDifference>;
  nonFinite: Array<NativeNonFinite>;
  disagreeing: Array<string>;
}
export interface NativeInterference {
  elements: number;
  changed: number;
  conflicting: number;
  keptChanged: number;
  keptConflicting: number;
  products: Array<number>;
  overlaps: Array<number>;
}
export interface NativeMerge {
  addFile(file: NativeSafetensorsFile): number;
  addPair(a: Float32Array, b: Float32Array, shape: NativeFoldShape, scale: number): number;
  addWriter(writer: NativeSafetensorsWriter): number;
  addTensor(description: string): void;
  hashFiles(files: Array<number>): void;
  finishDigests(task: NativeTask): Promise<Array<string>>;
  run(task: NativeTask, allowNonFinite: boolean): Promise<NativeMergeReport>;
  gather(task: NativeTask, description: string, starts: Uint32Array, picks: Uint32Array, padding: number): Promise<undefined>;
  runToMemory(task: NativeTask): Promise<Float32Array>;
  interference(task: NativeTask): Promise<NativeInterference>;
  runMasks(task: NativeTask, before: number, needs: string): Promise<NativeMasks>;
}
export interface NativeMasks {
  bits: Array<Uint8Array>;
  own: Float64Array;
  masked: Float64Array;
}
export interface NativeFastfood {
  project(task: NativeTask, x: Float32Array): Promise<Float32Array>;
  transpose(task: NativeTask, y: Float32Array): Promise<Float32Array>;
}
export type NativeDistribution = 'normal' | 'uniform';
export type NativePrecision = 'f32' | 'f64';
export interface NativeTail {
  alpha: number;
  xmin: number;
  xmax: number;
  distance: number;
  sigma: number;
  spikes: number;
}
export interface NativeNoTail {
  reason: 'too_few' | 'equal' | 'no_fit';
  eigenvalues: number;
  needed: number;
}
export interface NativeBulk {
  sigma: number;
  min: number;
  max: number;
  spikes: number;
  softRank: number;
  scale: number;
}
export interface NativeSpectrum {
  singularValues: Float64Array;
  svMax: number;
  svMin: number;
  lambdaMax: number;
  norm: number;
  rank: number;
  rankLoss: number;
  weakRankLoss: number;
  stableRank: number | null;
  entropy: number | null;
  effectiveRank: number | null;
  tail: NativeTail | null;
  noTail: NativeNoTail | null;
  alphaWeighted: number | null;
  logAlphaNorm: number | null;
  unitTailCount: number;
  unitTailValue: number | null;
  bulk: NativeBulk | null;
}
export interface NativeLayout {
  rows: number;
  columns: number;
  positions: number;
}
export interface NativeComparison {
  maxCosines: Float64Array;
  effectiveRank: number | null;
  stableRank: number | null;
  baseEffectiveRank: number | null;
  baseStableRank: number | null;
  deltaEffectiveRank: number | null;
  deltaStableRank: number | null;
}
export interface Addon {
  NativeMerge: new () => NativeMerge;
  NativeTask: new () => NativeTask;
  cholesky(task: NativeTask, a: NativeMatrix): Promise<NativeMatrix>;
  compareSingularVectors(task: NativeTask, tuned: Float64Array, base: Float64Array, rows: number, columns: number, k: number): Promise<NativeComparison>;
  createSafetensors(task: NativeTask, path: string, plans: Array<NativePlan>, metadata: Record<string, string>, allowNonFinite: boolean): Promise<NativeSafetensorsWriter>;
  drawFastfood(task: NativeTask, seed: bigint, columns: number, rows: number): Promise<NativeFastfood>;
  eigen(task: NativeTask, a: NativeMatrix, vectors: boolean): Promise<NativeEigen>;
  foldF32(task: NativeTask, weight: Float32Array, a: Float32Array, b: Float32Array, shape: NativeFoldShape, scale: number): Promise<Float32Array>;
  foldF64(task: NativeTask, weight: Float64Array, a: Float64Array, b: Float64Array, shape: NativeFoldShape, scale: number): Promise<Float64Array>;
  kernelAdam(parameter: Float32Array, m: Float32Array, v: Float32Array, gradient: Float32Array, step: Float64Array): void;
  kernelAttention(q: Float32Array, k: Float32Array, v: Float32Array, mask: Float32Array, dims: Uint32Array, scale: number, causal: boolean, bf16: boolean, out: Float32Array): void;
  kernelAttentionGradient(q: Float32Array, k: Float32Array, v: Float32Array, mask: Float32Array, dy: Float32Array, dims: Uint32Array, scale: number, causal: boolean, bf16: boolean, dq: Float32Array, dk: Float32Array, dv: Float32Array): void;
  kernelBatchMoments(x: Float32Array, mean: Float32Array, variance: Float32Array): void;
  kernelBatchNorm(x: Float32Array, mean: Float32Array, variance: Float32Array, gamma: Float32Array, beta: Float32Array, epsilon: number, out: Float32Array): void;
  kernelBatchNormGradients(x: Float32Array, mean: Float32Array, variance: Float32Array, gamma: Float32Array, dy: Float32Array, epsilon: number, dx: Float32Array, dgamma: Float32Array, dbeta: Float32Array): void;
  kernelBinary(code: number, a: Float32Array, aShape: Uint32Array, b: Float32Array, bShape: Uint32Array, out: Float32Array): void;
  kernelConvolution(x: Float32Array, filter: Float32Array, dims: Uint32Array, bf16: boolean, y: Float32Array): void;
  kernelConvolutionFilterGradient(x: Float32Array, dy: Float32Array, dims: Uint32Array, bf16: boolean, filter: Float32Array): void;
  kernelConvolutionInputGradient(dy: Float32Array, filter: Float32Array, dims: Uint32Array, bf16: boolean, dx: Float32Array): void;
  kernelCopy(x: Float32Array, sizes: Uint32Array, from: Uint32Array, to: Uint32Array, out: Float32Array): void;
  kernelCrossEntropy(logits: Float32Array, labels: Int32Array, classes: number, losses: Float32Array): void;
  kernelCrossEntropyGradient(logits: Float32Array, labels: Int32Array, dy: Float32Array, classes: number, out: Float32Array): void;
  kernelExpand(bytes: Uint8Array, code: number, out: Float32Array): void;
  kernelExpandRows(bytes: Uint8Array, code: number, dims: Uint32Array, indices: Int32Array, out: Float32Array): void;
  kernelFourier(real: Float32Array, imaginary: Float32Array, length: number, inverse: boolean, scale: number, outReal: Float32Array, outImaginary: Float32Array): void;
  kernelFreeze(values: Float32Array, code: number, bytes: Uint8Array): void;
  kernelGather(x: Float32Array, outer: number, size: number, width: number, indices: Int32Array, out: Float32Array): void;
  kernelInverseRealFourier(real: Float32Array, imaginary: Float32Array, length: number, scale: number, inner: number, out: Float32Array): void;
  kernelMatmul(a: Float32Array, b: Float32Array, bias: Float32Array, addend: Float32Array, slopeAt: Float32Array, transposeA: boolean, transposeB: boolean, dims: Uint32Array, bf16: boolean, c: Float32Array): void;
  kernelMatmulFrozen(a: Float32Array, b: Uint8Array, code: number, bias: Float32Array, addend: Float32Array, slopeAt: Float32Array, transposeB: boolean, dims: Uint32Array, bf16: boolean, c: Float32Array): void;
  kernelMaxPoolGradient(x: Float32Array, y: Float32Array, dy: Float32Array, dims: Uint32Array, dx: Float32Array): void;
  kernelMeanPoolGradient(dy: Float32Array, dims: Uint32Array, dx: Float32Array): void;
  kernelNorm(x: Float32Array, gamma: Float32Array, beta: Float32Array, epsilon: number, out: Float32Array): void;
  kernelNormInputGradient(x: Float32Array, gamma: Float32Array, dy: Float32Array, before: Float32Array, epsilon: number, centred: boolean, out: Float32Array): void;
  kernelNormParameterGradients(x: Float32Array, dy: Float32Array, epsilon: number, dgamma: Float32Array, dbeta: Float32Array): void;
  kernelPool(mean: boolean, x: Float32Array, dims: Uint32Array, y: Float32Array): void;
  kernelRealFourier(x: Float32Array, length: number, scale: number, inner: number, outReal: Float32Array, outImaginary: Float32Array): void;
  kernelReduce(code: number, x: Float32Array, outer: number, length: number, inner: number, out: Float32Array): void;
  kernelRotary(x: Float32Array, cos: Float32Array, sin: Float32Array, heads: number, width: number, inverse: boolean, out: Float32Array): void;
  kernelScatter(x: Float32Array, ids: Int32Array, width: number, out: Float32Array): void;
  kernelSegmentSum(x: Float32Array, ids: Int32Array, width: number, out: Float32Array): void;
  kernelSoftmax(x: Float32Array, width: number, logarithm: boolean, out: Float32Array): void;
  kernelSumOfSquares(x: Float32Array): number;
  kernelSwigluGradient(gate: Float32Array, up: Float32Array, dy: Float32Array, dgate: Float32Array, dup: Float32Array): void;
  kernelTranspose(x: Float32Array, shape: Uint32Array, permutation: Uint32Array, out: Float32Array): void;
  kernelUnary(code: number, x: Float32Array, out: Float32Array): void;
  lu(task: NativeTask, a: NativeMatrix): Promise<NativeLu>;
  matmul(task: NativeTask, a: NativeMatrix, transposeA: boolean, b: NativeMatrix, transposeB: boolean): Promise<NativeMatrix>;
  openSafetensors(task: NativeTask, path: string, maxHeaderBytes: number): Promise<NativeSafetensorsFile>;
  qr(task: NativeTask, a: NativeMatrix): Promise<NativeQr>;
  random(task: NativeTask, distribution: NativeDistribution, precision: NativePrecision, seed: bigint, stream: bigint, offset: bigint, length: number): Promise<RealArray>;
  randomizedSvd(task: NativeTask, a: NativeMatrix, rank: number, oversampling: number, powerIterations: number, seed: bigint, precision: NativePrecision): Promise<NativeSvd>;
  setThreads(count: number): void;
  sha256File(task: NativeTask, path: string): Promise<string>;
  solve(task: NativeTask, a: NativeMatrix, b: NativeMatrix, method: NativeMethod): Promise<NativeMatrix>;
  spectrum(task: NativeTask, weights: Float64Array, base: Float64Array | undefined | null, layout: NativeLayout, cut?: number | undefined | null): Promise<NativeSpectrum>;
  svd(task: NativeTask, a: NativeMatrix, vectors: NativeVectors, precision: NativePrecision): Promise<NativeSvd>;
  symmetricEigen(task: NativeTask, a: NativeMatrix, vectors: boolean, precision: NativePrecision): Promise<NativeSymmetricEigen>;
  threads(): number;
}
