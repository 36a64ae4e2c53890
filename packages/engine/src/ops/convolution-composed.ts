import * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionAttributes } from './windows.js';

// Convolutions by tf.js's own kernels, which know neither groups nor a gradient with dilation: images are padded and filters spread first.

type Sizes = [number, number, number, number];

/** Rows and columns of a filter with its dilation in it. */
const spanOf = (a: ConvolutionAttributes): [number, number] => [
  (a.kernelHeight - 1) * a.dilationHeight + 1,
  (a.kernelWidth - 1) * a.dilationWidth + 1,
];

/** Height and width of the images with what windows see beside them. */
function paddedSize(a: ConvolutionAttributes): [number, number] {
  const [spanHeight, spanWidth] = spanOf(a);
  return [
    Math.max(a.padTop + a.height, (a.gridHeight - 1) * a.strideHeight + spanHeight),
    Math.max(a.padLeft + a.width, (a.gridWidth - 1) * a.strideWidth + spanWidth),
  ];
}

function padded(x: tf.Tensor4D, a: ConvolutionAttributes): tf.Tensor4D {
  const [height, width] = paddedSize(a);
  return tf.pad(x, [
    [0, 0],
    [a.padTop, height - a.padTop - a.height],
    [a.padLeft, width - a.padLeft - a.width],
    [0, 0],
  ]);
}

/** `step` − 1 zeros behind each element of the first axis but the last one. */
function spread(x: tf.Tensor, step: number): tf.Tensor {
  const [size = 1, ...rest] = x.shape;
  if (step === 1) return x;
  const apart = tf.pad(tf.reshape(x, [size, 1, -1]), [
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  return tf.slice(tf.reshape(apart, [size * step, ...rest]), 0, (size - 1) * step + 1);
}

function spreadFilter(filter: tf.Tensor4D, a: ConvolutionAttributes): tf.Tensor4D {
  const rows = spread(filter, a.dilationHeight);
  const columns = spread(tf.transpose(rows, [1, 0, 2, 3]), a.dilationWidth);
  return tf.transpose(columns, [1, 0, 2, 3]) as tf.Tensor4D;
}

/** Each group by itself, joined along the channels. */
function byGroup(
  groups: number,
  parts: readonly tf.Tensor4D[],
  run: (...parts: tf.Tensor4D[]) => tf.Tensor4D,
) {
  if (groups === 1) return run(...parts);
  const split = parts.map((part) => tf.split(part, groups, 3));
  return tf.concat(
    Array.from({ length: groups }, (_, group) => run(...split.map((part) => part[group] as tf.Tensor4D))),
    3,
  );
}

const kernel = (name: string, inputs: Record<string, tf.Tensor>, attributes: object): tf.Tensor4D =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap);

/** Attributes of tf.js's kernels. */
const common = (a: ConvolutionAttributes): object => ({
  strides: [a.strideHeight, a.strideWidth],
  ...{ pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: undefined },
});

/** (rows, columns, 1, outputs) as tf.js's depth-wise filters, if it is one and TensorFlow has its strides. */
function depthwiseShape([rows, columns, inner, outputs]: Sizes, a: ConvolutionAttributes): Sizes | undefined {
  const isDepthwise = a.groups > 1 && inner === 1 && a.strideHeight === a.strideWidth;
  return isDepthwise ? [rows, columns, a.groups, outputs / a.groups] : undefined;
}

export function forward(x: tf.Tensor4D, filter: tf.Tensor4D, a: ConvolutionAttributes): tf.Tensor4D {
  const wide = spreadFilter(filter, a);
  const shape = depthwiseShape(wide.shape, a);
  if (shape !== undefined)
    return kernel(tf.DepthwiseConv2dNative, { x: padded(x, a), filter: tf.reshape(wide, shape) }, common(a));
  return byGroup(a.groups, [padded(x, a), wide], (image, own) =>
    kernel(tf.Conv2D, { x: image, filter: own }, common(a)),
  );
}

export function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, a: ConvolutionAttributes): tf.Tensor4D {
  const [batch] = dy.shape;
  const inner = filter.shape[2];
  // tf.js's CPU backend has no slices of nothing.
  if (batch === 0) return tf.zeros([batch, a.height, a.width, inner * a.groups]);
  const wide = spreadFilter(filter, a);
  const sizes = (channels: number): object => ({ inputShape: [batch, ...paddedSize(a), channels] });
  const shape = depthwiseShape(wide.shape, a);
  const dx =
    shape === undefined
      ? byGroup(a.groups, [dy, wide], (slope, own) =>
          kernel(tf.Conv2DBackpropInput, { dy: slope, filter: own }, { ...common(a), ...sizes(inner) }),
        )
      : kernel(
          tf.DepthwiseConv2dNativeBackpropInput,
          { dy, filter: tf.reshape(wide, shape) },
          { ...common(a), ...sizes(a.groups) },
        );
  return tf.slice(dx, [0, a.padTop, a.padLeft, 0], [batch, a.height, a.width, inner * a.groups]);
}

export function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, a: ConvolutionAttributes): tf.Tensor4D {
  const [inner, outputs] = [x.shape[3] / a.groups, dy.shape[3]];
  const whole: Sizes = [...spanOf(a), inner, outputs];
  const shape = depthwiseShape(whole, a);
  const wide =
    shape === undefined
      ? byGroup(a.groups, [padded(x, a), dy], (image, slope) =>
          kernel(
            tf.Conv2DBackpropFilter,
            { x: image, dy: slope },
            { ...common(a), filterShape: whole.with(3, outputs / a.groups) },
          ),
        )
      : tf.reshape(
          kernel(
            tf.DepthwiseConv2dNativeBackpropFilter,
            { x: padded(x, a), dy },
            { ...common(a), filterShape: shape },
          ),
          whole,
        );
  return tf.stridedSlice(wide, [0, 0, 0, 0], whole, [a.dilationHeight, a.dilationWidth, 1, 1]) as tf.Tensor4D;
}
