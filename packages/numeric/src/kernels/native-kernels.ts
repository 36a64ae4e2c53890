/**
 * Tensor kernels of the addon; see crates/numeric-node/src/kernels.rs. Synchronous, dense and row-major; the last arguments are
 * the results, written in place. They check no shapes.
 */
export interface NativeKernels {
  /**
   * `dims`: batches, m, n, k, batches of a, batches of b. What is added to the sums, and where the slope of GELU is taken that they are
   * then multiplied by; empty ones are left out. With `bf16` the operands are rounded to bfloat16, unless one
   * side of the product is narrow (below 16).
   */
  kernelMatmul(
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array,
    addend: Float32Array,
    slopeAt: Float32Array,
    transposeA: boolean,
    transposeB: boolean,
    dims: Uint32Array,
    bf16: boolean,
    c: Float32Array,
  ): void;
  /** As `kernelMatmul`, with b frozen in the format of `code`; `dims`: m, n, k. */
  kernelMatmulFrozen(
    a: Float32Array,
    b: Uint8Array,
    code: number,
    bias: Float32Array,
    addend: Float32Array,
    slopeAt: Float32Array,
    transposeB: boolean,
    dims: Uint32Array,
    bf16: boolean,
    c: Float32Array,
  ): void;
  /** Code 1: bfloat16, 2 bytes a number; 2: NF4, 4 bytes for each 64 numbers or part of them and one for each two or one. */
  kernelFreeze(values: Float32Array, code: number, bytes: Uint8Array): void;
  kernelExpand(bytes: Uint8Array, code: number, out: Float32Array): void;
  /** Rows of a matrix by their indices; `dims`: rows, width. */
  kernelExpandRows(
    bytes: Uint8Array,
    code: number,
    dims: Uint32Array,
    indices: Int32Array,
    out: Float32Array,
  ): void;
  kernelUnary(code: number, x: Float32Array, out: Float32Array): void;
  kernelBinary(
    code: number,
    a: Float32Array,
    aShape: Uint32Array,
    b: Float32Array,
    bShape: Uint32Array,
    out: Float32Array,
  ): void;
  kernelSwigluGradient(
    gate: Float32Array,
    up: Float32Array,
    dy: Float32Array,
    dgate: Float32Array,
    dup: Float32Array,
  ): void;
  /** An empty beta makes it the root-mean-square norm. */
  kernelNorm(
    x: Float32Array,
    gamma: Float32Array,
    beta: Float32Array,
    epsilon: number,
    out: Float32Array,
  ): void;
  /** Added to `before`, unless it is empty. */
  kernelNormInputGradient(
    x: Float32Array,
    gamma: Float32Array,
    dy: Float32Array,
    before: Float32Array,
    epsilon: number,
    centred: boolean,
    out: Float32Array,
  ): void;
  kernelNormParameterGradients(
    x: Float32Array,
    dy: Float32Array,
    epsilon: number,
    dgamma: Float32Array,
    dbeta: Float32Array,
  ): void;
  kernelSoftmax(x: Float32Array, width: number, logarithm: boolean, out: Float32Array): void;
  kernelCrossEntropy(logits: Float32Array, labels: Int32Array, classes: number, losses: Float32Array): void;
  kernelCrossEntropyGradient(
    logits: Float32Array,
    labels: Int32Array,
    dy: Float32Array,
    classes: number,
    out: Float32Array,
  ): void;
  /** `code`: 0 sum, 1 mean, 2 maximum, over the middle of (outer, length, inner). */
  kernelReduce(
    code: number,
    x: Float32Array,
    outer: number,
    length: number,
    inner: number,
    out: Float32Array,
  ): void;
  kernelSumOfSquares(x: Float32Array): number;
  kernelTranspose(x: Float32Array, shape: Uint32Array, permutation: Uint32Array, out: Float32Array): void;
  kernelCopy(
    x: Float32Array,
    sizes: Uint32Array,
    from: Uint32Array,
    to: Uint32Array,
    out: Float32Array,
  ): void;
  kernelRotary(
    x: Float32Array,
    cos: Float32Array,
    sin: Float32Array,
    heads: number,
    width: number,
    inverse: boolean,
    out: Float32Array,
  ): void;
  kernelGather(
    x: Float32Array,
    outer: number,
    size: number,
    width: number,
    indices: Int32Array,
    out: Float32Array,
  ): void;
  kernelSegmentSum(x: Float32Array, ids: Int32Array, width: number, out: Float32Array): void;
  /** Rows of `width` of x become rows `ids` of `out`. */
  kernelScatter(x: Float32Array, ids: Int32Array, width: number, out: Float32Array): void;
  /** `step`: β₁, β₂, 1 − β₁, 1 − β₂, ε, rate, correction, kept, scale. */
  kernelAdam(
    parameter: Float32Array,
    m: Float32Array,
    v: Float32Array,
    gradient: Float32Array,
    step: Float64Array,
  ): void;
  /** `dims`: batch, queries, keys, heads, key heads, width. An empty mask is none. */
  kernelAttention(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    mask: Float32Array,
    dims: Uint32Array,
    scale: number,
    causal: boolean,
    bf16: boolean,
    out: Float32Array,
  ): void;
  kernelAttentionGradient(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    mask: Float32Array,
    dy: Float32Array,
    dims: Uint32Array,
    scale: number,
    causal: boolean,
    bf16: boolean,
    dq: Float32Array,
    dk: Float32Array,
    dv: Float32Array,
  ): void;
  /**
   * `dims`: batch and then, each for rows and columns, image, grid, kernel, stride, dilation, pad; then inputs, outputs, groups. With `bf16`
   * as `kernelMatmul`.
   */
  kernelConvolution(
    x: Float32Array,
    filter: Float32Array,
    dims: Uint32Array,
    bf16: boolean,
    y: Float32Array,
  ): void;
  kernelConvolutionInputGradient(
    dy: Float32Array,
    filter: Float32Array,
    dims: Uint32Array,
    bf16: boolean,
    dx: Float32Array,
  ): void;
  kernelConvolutionFilterGradient(
    x: Float32Array,
    dy: Float32Array,
    dims: Uint32Array,
    bf16: boolean,
    filter: Float32Array,
  ): void;
  /** `dims`: as those of a convolution up to pad; then channels. The mean is that of the elements inside the image. */
  kernelPool(mean: boolean, x: Float32Array, dims: Uint32Array, y: Float32Array): void;
  kernelMaxPoolGradient(
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dims: Uint32Array,
    dx: Float32Array,
  ): void;
  kernelMeanPoolGradient(dy: Float32Array, dims: Uint32Array, dx: Float32Array): void;
  kernelBatchMoments(x: Float32Array, mean: Float32Array, variance: Float32Array): void;
  kernelBatchNorm(
    x: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    gamma: Float32Array,
    beta: Float32Array,
    epsilon: number,
    out: Float32Array,
  ): void;
  kernelBatchNormGradients(
    x: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    gamma: Float32Array,
    dy: Float32Array,
    epsilon: number,
    dx: Float32Array,
    dgamma: Float32Array,
    dbeta: Float32Array,
  ): void;
  /** Rows of `length`; the inverse is not divided by it. */
  kernelFourier(
    real: Float32Array,
    imaginary: Float32Array,
    length: number,
    inverse: boolean,
    scale: number,
    outReal: Float32Array,
    outImaginary: Float32Array,
  ): void;
  /** The first length / 2 + 1 elements; those that stand for another one, too, times `inner`. */
  kernelRealFourier(
    x: Float32Array,
    length: number,
    scale: number,
    inner: number,
    outReal: Float32Array,
    outImaginary: Float32Array,
  ): void;
  kernelInverseRealFourier(
    real: Float32Array,
    imaginary: Float32Array,
    length: number,
    scale: number,
    inner: number,
    out: Float32Array,
  ): void;
}
