import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { windowsOf, type ConvolutionAttributes, type Padding, type Windows } from '../../ops/windows.js';
import { areFloats, need, type KernelCall, type NativeKernel } from './native-kernel.js';

/** The windows as the bridge has them. */
const windowDims = (batch: number, w: Windows): readonly number[] => [
  batch,
  ...[w.height, w.width, w.gridHeight, w.gridWidth, w.kernelHeight, w.kernelWidth],
  ...[w.strideHeight, w.strideWidth, w.dilationHeight, w.dilationWidth, w.padTop, w.padLeft],
];

const isHalf = ({ backend }: KernelCall): boolean => backend.precision === 'bf16';

type Run = (
  call: KernelCall,
  tensors: readonly [tf.TensorInfo, tf.TensorInfo],
  attributes: ConvolutionAttributes,
) => tf.TensorInfo;

const forward: Run = (call, [x, filter], a) => {
  const { backend } = call;
  const [batch = 0, , , inputs = 0] = x.shape;
  const outputs = filter.shape[3] ?? 0;
  const dims = Uint32Array.of(...windowDims(batch, a), inputs, outputs, a.groups);
  return backend.output([batch, a.gridHeight, a.gridWidth, outputs], (out) => {
    kernels().kernelConvolution(backend.floats(x), backend.floats(filter), dims, isHalf(call), out);
  });
};

const toInput: Run = (call, [dy, filter], a) => {
  const { backend } = call;
  const [batch = 0, , , outputs = 0] = dy.shape;
  const inputs = (filter.shape[2] ?? 0) * a.groups;
  const dims = Uint32Array.of(...windowDims(batch, a), inputs, outputs, a.groups);
  return backend.output([batch, a.height, a.width, inputs], (out) => {
    const [slope, own] = [backend.floats(dy), backend.floats(filter)];
    kernels().kernelConvolutionInputGradient(slope, own, dims, isHalf(call), out);
  });
};

const toFilter: Run = (call, [x, dy], a) => {
  const { backend } = call;
  const [batch = 0, , , inputs = 0] = x.shape;
  const outputs = dy.shape[3] ?? 0;
  const dims = Uint32Array.of(...windowDims(batch, a), inputs, outputs, a.groups);
  return backend.output([a.kernelHeight, a.kernelWidth, inputs / a.groups, outputs], (out) => {
    const [images, slope] = [backend.floats(x), backend.floats(dy)];
    kernels().kernelConvolutionFilterGradient(images, slope, dims, isHalf(call), out);
  });
};

const fused =
  (run: Run, left: string, right: string): NativeKernel =>
  (call) =>
    run(call, [need(call, left), need(call, right)], call.attributes as ConvolutionAttributes);

/** The windows of a kernel of tf.js, unless its images are NCHW or there are none. */
function stockWindows(
  { attributes }: KernelCall,
  shape: readonly number[],
  size: number | readonly [number, number],
): Windows | undefined {
  const pad = attributes['pad'] as Padding;
  if ((attributes['dataFormat'] ?? 'NHWC') !== 'NHWC') return undefined;
  const windows = windowsOf(shape, size, {
    ...{ strides: attributes['strides'] as number | [number, number], pad },
    dilations: (attributes['dilations'] ?? 1) as number | [number, number],
    dimRoundingMode: attributes['dimRoundingMode'] as 'floor' | undefined,
  });
  return windows.gridHeight < 1 || windows.gridWidth < 1 ? undefined : windows;
}

/** Rows and columns of a filter. */
const sizeOfFilter = ([rows = 0, columns = 0]: readonly number[]): [number, number] => [rows, columns];

const conv2d: NativeKernel = (call) => {
  const [x, filter] = [need(call, 'x'), need(call, 'filter')];
  const windows = stockWindows(call, x.shape, sizeOfFilter(filter.shape));
  if (windows === undefined || !areFloats(x, filter)) return undefined;
  return forward(call, [x, filter], { ...windows, groups: 1 });
};

const conv2dBackpropInput: NativeKernel = (call) => {
  const [dy, filter] = [need(call, 'dy'), need(call, 'filter')];
  const shape = call.attributes['inputShape'] as number[];
  const windows = stockWindows(call, shape, sizeOfFilter(filter.shape));
  if (windows === undefined || !areFloats(dy, filter)) return undefined;
  const { gridHeight, gridWidth } = windows;
  tf.util.assertShapesMatch(
    dy.shape.slice(0, 3),
    [shape[0] ?? 0, gridHeight, gridWidth],
    'transposed conv2d: ',
  );
  return toInput(call, [dy, filter], { ...windows, groups: 1 });
};

const depthwise: NativeKernel = (call) => {
  const [x, filter] = [need(call, 'x'), need(call, 'filter')];
  const [rows = 0, columns = 0, channels = 0, multiple = 0] = filter.shape;
  const windows = stockWindows(call, x.shape, [rows, columns]);
  if (windows === undefined || !areFloats(x, filter)) return undefined;
  const grouped = { ...filter, shape: [rows, columns, 1, channels * multiple] };
  return forward(call, [x, grouped], { ...windows, groups: channels });
};

function poolOf(
  call: KernelCall,
  x: tf.TensorInfo,
): { readonly windows: Windows; readonly dims: Uint32Array } | undefined {
  const windows = stockWindows(call, x.shape, call.attributes['filterSize'] as number | [number, number]);
  if (windows === undefined) return undefined;
  return { windows, dims: Uint32Array.of(...windowDims(x.shape[0] ?? 0, windows), x.shape[3] ?? 0) };
}

const pool =
  (mean: boolean): NativeKernel =>
  (call) => {
    const { backend } = call;
    const x = need(call, 'x');
    const own = areFloats(x) ? poolOf(call, x) : undefined;
    if (own === undefined) return undefined;
    const { gridHeight, gridWidth } = own.windows;
    return backend.output([x.shape[0] ?? 0, gridHeight, gridWidth, x.shape[3] ?? 0], (out) => {
      kernels().kernelPool(mean, backend.floats(x), own.dims, out);
    });
  };

const maxPoolGradient: NativeKernel = (call) => {
  const { backend } = call;
  const [dy, x, y] = [need(call, 'dy'), need(call, 'input'), need(call, 'output')];
  const own = areFloats(dy, x, y) ? poolOf(call, x) : undefined;
  if (own === undefined) return undefined;
  return backend.output(x.shape, (out) => {
    const [images, top] = [backend.floats(x), backend.floats(y)];
    kernels().kernelMaxPoolGradient(images, top, backend.floats(dy), own.dims, out);
  });
};

const meanPoolGradient: NativeKernel = (call) => {
  const { backend } = call;
  const dy = need(call, 'dy');
  const windows = call.attributes as Windows;
  const [batch = 0, , , channels = 0] = dy.shape;
  return backend.output([batch, windows.height, windows.width, channels], (out) => {
    const dims = Uint32Array.of(...windowDims(batch, windows), channels);
    kernels().kernelMeanPoolGradient(backend.floats(dy), dims, out);
  });
};

export const CONVOLUTION: ReadonlyMap<string, NativeKernel> = new Map([
  ['EigenloomConvolution', fused(forward, 'x', 'filter')],
  ['EigenloomConvolutionInputGradient', fused(toInput, 'dy', 'filter')],
  ['EigenloomConvolutionFilterGradient', fused(toFilter, 'x', 'dy')],
  [tf.Conv2D, conv2d],
  [tf.Conv2DBackpropInput, conv2dBackpropInput],
  [tf.DepthwiseConv2dNative, depthwise],
  [tf.MaxPool, pool(false)],
  [tf.MaxPoolGrad, maxPoolGradient],
  [tf.AvgPool, pool(true)],
  ['EigenloomMeanPoolGradient', meanPoolGradient],
]);
