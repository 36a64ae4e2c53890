import type * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import * as composed from './convolution-composed.js';
import { runFused, type Attributes, type FusedKernel, type Gradients } from './fused-kernel.js';
import { windowsOf, type ConvolutionAttributes, type Padding, type Pair } from './windows.js';

// A convolution is linear in its image and in its filter, so that the gradients of the three are the other two.
type Bilinear = (left: tf.Tensor, right: tf.Tensor, attributes: Attributes) => tf.Tensor;
const forward: Bilinear = (x, filter, attributes) => runFused(convolutionKernel, { x, filter }, attributes);
const toInput: Bilinear = (dy, filter, attributes) => runFused(inputKernel, { dy, filter }, attributes);
const toFilter: Bilinear = (x, dy, attributes) => runFused(filterKernel, { x, dy }, attributes);

const bilinear = (
  save: readonly [string, string],
  of: (slope: tf.Tensor, saved: readonly [tf.Tensor, tf.Tensor], attributes: Attributes) => Gradients,
): NonNullable<FusedKernel['gradient']> => ({
  save,
  of: (slope, saved, attributes) => of(slope, saved as [tf.Tensor, tf.Tensor], attributes),
});

/** (x, filter) → y, as `convolution`. */
export const convolutionKernel: FusedKernel = {
  name: 'EigenloomConvolution',
  composed: ({ x, filter }, attributes) =>
    composed.forward(x as tf.Tensor4D, filter as tf.Tensor4D, attributes as ConvolutionAttributes),
  gradient: bilinear(['x', 'filter'], (slope, [x, filter], attributes) => ({
    x: () => toInput(slope, filter, attributes),
    filter: () => toFilter(x, slope, attributes),
  })),
};

/** (dy, filter) → dx: what a transposed convolution computes. */
export const inputKernel: FusedKernel = {
  name: 'EigenloomConvolutionInputGradient',
  composed: ({ dy, filter }, attributes) =>
    composed.inputGradient(dy as tf.Tensor4D, filter as tf.Tensor4D, attributes as ConvolutionAttributes),
  gradient: bilinear(['dy', 'filter'], (slope, [dy, filter], attributes) => ({
    dy: () => forward(slope, filter, attributes),
    filter: () => toFilter(slope, dy, attributes),
  })),
};

/** (x, dy) → dfilter. */
export const filterKernel: FusedKernel = {
  name: 'EigenloomConvolutionFilterGradient',
  composed: ({ x, dy }, attributes) =>
    composed.filterGradient(x as tf.Tensor4D, dy as tf.Tensor4D, attributes as ConvolutionAttributes),
  gradient: bilinear(['x', 'dy'], (slope, [x, dy], attributes) => ({
    x: () => toInput(dy, slope, attributes),
    dy: () => forward(x, slope, attributes),
  })),
};

export interface ConvolutionOptions {
  /** 1 unless set. */
  readonly strides?: Pair | undefined;
  /** `valid` unless set. */
  readonly pad?: Padding | undefined;
  /** 1 unless set. */
  readonly dilations?: Pair | undefined;
  /** 1 unless set; it divides both channels. */
  readonly groups?: number | undefined;
}

function attributesOf(
  shape: readonly number[],
  filter: tf.Tensor,
  options: ConvolutionOptions,
): ConvolutionAttributes {
  const { strides = 1, pad = 'valid', dilations = 1, groups = 1 } = options;
  const [kernelHeight = 0, kernelWidth = 0, inner, outputs = 0] = filter.shape;
  const ranks = shape.length === 4 && filter.rank === 4;
  const fits = shape[3] === (inner ?? 0) * groups && outputs % groups === 0;
  // tf.js takes the height of a kernel for its width where padding is one number.
  const sides: Padding =
    typeof pad === 'number'
      ? [
          [0, 0],
          [pad, pad],
          [pad, pad],
          [0, 0],
        ]
      : pad;
  const windows = windowsOf(shape, [kernelHeight, kernelWidth], { strides, pad: sides, dilations });
  if (!ranks || !fits || windows.gridHeight < 1 || windows.gridWidth < 1) {
    throw incompatible(
      'CONVOLUTION_SHAPES',
      `convolution: images (${shape.join(', ')}) and filter (${filter.shape.join(', ')}) in ${String(groups)} groups do not fit`,
    );
  }
  return { ...windows, groups };
}

/**
 * Convolution in groups of channels, each with filters of its own: Krizhevsky et al. 2012, section 3.5; as many groups as channels make it
 * depth-wise. x (batch, height, width, in), filter (rows, columns, in / groups, out) → (batch, gridHeight, gridWidth, out). Strides and
 * dilations may both be above 1, unlike tf.conv2d's. Errors: `CONVOLUTION_SHAPES`.
 */
export function convolution(x: tf.Tensor, filter: tf.Tensor, options: ConvolutionOptions = {}): tf.Tensor4D {
  return forward(x, filter, attributesOf(x.shape, filter, options)) as tf.Tensor4D;
}

/**
 * The transpose of `convolution` with the same filter and options, from the shape of its results to images of `imageSize`:
 * x (batch, gridHeight, gridWidth, out), filter (rows, columns, in / groups, out) → (batch, ...imageSize, in). Errors: `CONVOLUTION_SHAPES`.
 */
export function transposedConvolution(
  x: tf.Tensor,
  filter: tf.Tensor,
  imageSize: readonly [number, number],
  options: ConvolutionOptions = {},
): tf.Tensor4D {
  const inputs = (filter.shape[2] ?? 0) * (options.groups ?? 1);
  const attributes = attributesOf([x.shape[0], ...imageSize, inputs], filter, options);
  const { gridHeight, gridWidth } = attributes;
  const expected = [x.shape[0], gridHeight, gridWidth, filter.shape[3]];
  if (x.shape.join() !== expected.join()) {
    throw incompatible(
      'CONVOLUTION_SHAPES',
      `transposed convolution: x is (${x.shape.join(', ')}), not (${expected.join(', ')})`,
    );
  }
  return toInput(x, filter, attributes) as tf.Tensor4D;
}
