import * as tf from '@tensorflow/tfjs-core';
import { filterKernel, convolutionKernel, inputKernel } from '../ops/convolution.js';
import { runFused } from '../ops/fused-kernel.js';
import { meanPoolGradientKernel } from '../ops/mean-pool.js';
import { windowsOf, type ConvolutionAttributes, type Padding } from '../ops/windows.js';
import { defineGradients, type GradientDefinition } from './define.js';

// tf.js's kernels for these gradients know no dilation; the fused ones do, and are compositions of tf.js's where a backend has none.

interface WindowAttributes {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dilations?: number | [number, number] | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Images {
  /** To the order (batch, height, width, channels) of the fused kernels. */
  readonly enter: (x: tf.Tensor) => tf.Tensor;
  readonly leave: (x: tf.Tensor) => tf.Tensor;
  readonly shape: readonly number[];
}

function imagesOf(shape: readonly number[], { dataFormat }: WindowAttributes): Images {
  const same = (x: tf.Tensor): tf.Tensor => x;
  if (dataFormat !== 'NCHW') return { enter: same, leave: same, shape };
  const [batch = 0, channels = 0, height = 0, width = 0] = shape;
  return {
    enter: (x) => tf.transpose(x, [0, 2, 3, 1]),
    leave: (x) => tf.transpose(x, [0, 3, 1, 2]),
    shape: [batch, height, width, channels],
  };
}

/** Padding in the order of NHWC. */
const padOf = ({ pad, dataFormat }: WindowAttributes): Padding =>
  dataFormat === 'NCHW' && typeof pad === 'object' ? [pad[0], pad[2], pad[3], pad[1]] : pad;

function convolutionAttributes(
  shape: readonly number[],
  filter: readonly number[],
  attributes: WindowAttributes,
  groups = 1,
): ConvolutionAttributes {
  const { strides, dilations, dimRoundingMode } = attributes;
  const [rows = 0, columns = 0] = filter;
  const options = { strides, pad: padOf(attributes), dilations: dilations ?? 1, dimRoundingMode };
  return { ...windowsOf(shape, [rows, columns], options), groups };
}

const windowAttributes = (attributes: tf.NamedAttrMap): WindowAttributes =>
  attributes as unknown as WindowAttributes;

const conv2d: GradientDefinition = {
  kernel: tf.Conv2D,
  inputs: ['x', 'filter'],
  of: (slope, saved, attributes) => {
    const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const own = windowAttributes(attributes);
    const { enter, leave, shape } = imagesOf(x.shape, own);
    const windows = convolutionAttributes(shape, filter.shape, own);
    return {
      x: () => leave(runFused(inputKernel, { dy: enter(slope), filter }, windows)),
      filter: () => runFused(filterKernel, { x: enter(x), dy: enter(slope) }, windows),
    };
  },
};

/** What tf.conv2dTranspose runs. */
const transposed: GradientDefinition = {
  kernel: tf.Conv2DBackpropInput,
  inputs: ['dy', 'filter'],
  of: (slope, saved, attributes) => {
    const [dy, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const own = windowAttributes(attributes);
    const { enter, leave, shape } = imagesOf(slope.shape, own);
    const windows = convolutionAttributes(shape, filter.shape, own);
    return {
      dy: () => leave(runFused(convolutionKernel, { x: enter(slope), filter }, windows)),
      filter: () => runFused(filterKernel, { x: enter(slope), dy: enter(dy) }, windows),
    };
  },
};

/** The filter (rows, columns, channels, multiple) is that of as many groups as channels, (rows, columns, 1, channels · multiple). */
const depthwise: GradientDefinition = {
  kernel: tf.DepthwiseConv2dNative,
  inputs: ['x', 'filter'],
  of: (dy, saved, attributes) => {
    const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const [rows, columns, channels, multiple] = filter.shape;
    const windows = convolutionAttributes(x.shape, filter.shape, windowAttributes(attributes), channels);
    const grouped = (): tf.Tensor => tf.reshape(filter, [rows, columns, 1, channels * multiple]);
    return {
      x: () => runFused(inputKernel, { dy, filter: grouped() }, windows),
      filter: () => tf.reshape(runFused(filterKernel, { x, dy }, windows), filter.shape),
    };
  },
};

const maxPool: GradientDefinition = {
  kernel: tf.MaxPool,
  inputs: ['x'],
  output: true,
  of: (dy, saved, attributes) => {
    const [input, output] = saved as [tf.Tensor, tf.Tensor];
    return { x: () => tf.engine().runKernel(tf.MaxPoolGrad, { dy, input, output }, attributes) };
  },
};

const meanPool: GradientDefinition = {
  kernel: tf.AvgPool,
  inputs: ['x'],
  of: (dy, saved, attributes) => {
    const { shape } = saved[0] as tf.Tensor4D;
    const { strides, pad, dimRoundingMode } = windowAttributes(attributes);
    const size = attributes['filterSize'] as number | [number, number];
    const windows = windowsOf(shape, size, { strides, pad, dilations: 1, dimRoundingMode });
    return { x: () => runFused(meanPoolGradientKernel, { dy }, windows) };
  },
};

export const CONVOLUTION = defineGradients([conv2d, transposed, depthwise, maxPool, meanPool]);
