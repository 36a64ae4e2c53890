import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast, defineGradients, type GradientDefinition } from './define.js';

/** y = op(a) op(b) for each batch; either gradient is again one product. */
const batchMatMul: GradientDefinition = {
  kernel: tf.BatchMatMul,
  inputs: ['a', 'b'],
  of: (dy, saved, attributes) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const transposeA = attributes['transposeA'] === true;
    const transposeB = attributes['transposeB'] === true;
    const da = (): tf.Tensor =>
      transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB);
    const db = (): tf.Tensor =>
      transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false);
    return { a: () => unbroadcast(da(), a.shape), b: () => unbroadcast(db(), b.shape) };
  },
};

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: number | 'valid' | 'same';
  dataFormat: 'NHWC' | 'NCHW';
  dilations: number | [number, number];
}

const conv2d: GradientDefinition = {
  kernel: tf.Conv2D,
  inputs: ['x', 'filter'],
  of: (dy, saved, attributes) => {
    const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
    const { strides, pad, dataFormat } = attributes as unknown as ConvolutionAttributes;
    const common = { strides, pad, dataFormat, dimRoundingMode: undefined };
    return {
      x: () =>
        tf
          .engine()
          .runKernel(tf.Conv2DBackpropInput, { dy, filter }, { ...common, inputShape: x.shape } as never),
      filter: () =>
        tf
          .engine()
          .runKernel(tf.Conv2DBackpropFilter, { x, dy }, { ...common, filterShape: filter.shape } as never),
    };
  },
};

export const PRODUCTS = defineGradients([batchMatMul, conv2d]);
