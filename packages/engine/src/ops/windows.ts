import * as tf from '@tensorflow/tfjs-core';

/**
 * How windows lie over images (batch, height, width, channels), as attributes of kernels: a grid of them, each a stride from the next one,
 * the first `padTop` and `padLeft` before the image, of kernelHeight × kernelWidth taps that are a dilation apart.
 */
// A type, because an interface is no record of attributes.

export type Windows = {
  readonly height: number;
  readonly width: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
};

/** Attributes of the kernels of convolutions. */
export type ConvolutionAttributes = Windows & { readonly groups: number };

/** Rows and columns, or one number for both. */
export type Pair = number | readonly [number, number];
/** As tf.js has it: by the size of the result, by a number on all sides, or [before, after] of each axis of NHWC. */
export type Padding = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

const pair = (value: Pair): [number, number] => (typeof value === 'number' ? [value, value] : [...value]);

export interface WindowOptions {
  readonly strides: Pair;
  readonly pad: Padding;
  readonly dilations: Pair;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' | undefined;
}

/** The windows of a kernel's size over images of NHWC shape, with tf.js's rules for padding. */
export function windowsOf(shape: readonly number[], kernel: Pair, options: WindowOptions): Windows {
  const { strides, pad, dilations, dimRoundingMode } = options;
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const info = tf.backend_util.computeConv2DInfo(
    [batch, height, width, channels],
    [...pair(kernel), channels, channels],
    pair(strides),
    pair(dilations),
    pad,
    dimRoundingMode,
  );
  return {
    ...{ height, width, gridHeight: info.outHeight, gridWidth: info.outWidth },
    ...{ kernelHeight: info.filterHeight, kernelWidth: info.filterWidth },
    ...{ strideHeight: info.strideHeight, strideWidth: info.strideWidth },
    ...{ dilationHeight: info.dilationHeight, dilationWidth: info.dilationWidth },
    ...{ padTop: info.padInfo.top, padLeft: info.padInfo.left },
  };
}

/** Elements of each window that are inside the image: (1, gridHeight, gridWidth, 1). */
export function elementsInside(windows: Windows): tf.Tensor4D {
  const along = (grid: number, kernel: number, stride: number, dilation: number, pad: number, size: number) =>
    Array.from({ length: grid }, (_, at) => {
      const places = Array.from({ length: kernel }, (_tap, tap) => at * stride + tap * dilation - pad);
      return places.filter((place) => place >= 0 && place < size).length;
    });
  const w = windows;
  const rows = along(w.gridHeight, w.kernelHeight, w.strideHeight, w.dilationHeight, w.padTop, w.height);
  const columns = along(w.gridWidth, w.kernelWidth, w.strideWidth, w.dilationWidth, w.padLeft, w.width);
  return tf.mul<tf.Tensor4D>(
    tf.tensor4d(rows, [1, w.gridHeight, 1, 1]),
    tf.tensor4d(columns, [1, 1, w.gridWidth, 1]),
  );
}
