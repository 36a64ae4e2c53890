import * as tf from '@tensorflow/tfjs-core';
import { inputGradient } from './convolution-composed.js';
import { input, type FusedKernel } from './fused-kernel.js';
import { elementsInside, type Windows } from './windows.js';

/**
 * The gradient of tf.avgPool, dy (batch, gridHeight, gridWidth, channels) → (batch, height, width, channels). tf.js's own kernel for it
 * divides by the size of the window on some backends, also where a part of it is padding.
 */
export const meanPoolGradientKernel: FusedKernel = {
  name: 'EigenloomMeanPoolGradient',
  composed: (inputs, attributes) => {
    const windows = attributes as Windows;
    const dy = input(inputs, 'dy') as tf.Tensor4D;
    const channels = dy.shape[3];
    const ones = tf.ones<tf.Rank.R4>([windows.kernelHeight, windows.kernelWidth, 1, channels]);
    const shares: tf.Tensor4D = tf.div(dy, elementsInside(windows));
    return inputGradient(shares, ones, { ...windows, groups: channels });
  },
};
