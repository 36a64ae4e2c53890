import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { NONE } from './arrays.js';
import { areFloats, need, optional, type NativeKernel } from './native-kernel.js';

const norm =
  (centred: boolean): NativeKernel =>
  (call) => {
    const { backend, attributes } = call;
    const [x, gamma] = [need(call, 'x'), need(call, 'gamma')];
    const beta = centred ? backend.floats(need(call, 'beta')) : NONE;
    return backend.output(x.shape, (out) => {
      const epsilon = Number(attributes['epsilon']);
      kernels().kernelNorm(backend.floats(x), backend.floats(gamma), beta, epsilon, out);
    });
  };

const normInputGradient =
  (centred: boolean): NativeKernel =>
  (call) => {
    const { backend, attributes } = call;
    const x = need(call, 'x');
    const [gamma, dy] = [backend.floats(need(call, 'gamma')), backend.floats(need(call, 'dy'))];
    const before = optional(call, 'before');
    return backend.output(x.shape, (out) => {
      const epsilon = Number(attributes['epsilon']);
      kernels().kernelNormInputGradient(backend.floats(x), gamma, dy, before, epsilon, centred, out);
    });
  };

const normParameterGradients: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const width = x.shape.at(-1) ?? 1;
  const dy = backend.floats(need(call, 'dy'));
  return backend.outputs([[width], [width]], ([gamma = NONE, beta = NONE]) => {
    kernels().kernelNormParameterGradients(backend.floats(x), dy, Number(attributes['epsilon']), gamma, beta);
  });
};

const softmax =
  (logarithm: boolean): NativeKernel =>
  (call) => {
    const { backend, attributes } = call;
    const logits = need(call, 'logits');
    const last = logits.shape.length - 1;
    const axis = Number(attributes['dim'] ?? attributes['axis'] ?? -1);
    if (!areFloats(logits) || last < 0 || (axis !== -1 && axis !== last)) return undefined;
    return backend.output(logits.shape, (out) => {
      kernels().kernelSoftmax(backend.floats(logits), logits.shape[last] ?? 1, logarithm, out);
    });
  };

const crossEntropy: NativeKernel = (call) => {
  const { backend } = call;
  const [logits, labels] = [need(call, 'logits'), need(call, 'labels')];
  const [rows = 0, classes = 0] = logits.shape;
  return backend.output([rows], (out) => {
    kernels().kernelCrossEntropy(backend.floats(logits), backend.integers(labels), classes, out);
  });
};

const crossEntropyGradient: NativeKernel = (call) => {
  const { backend } = call;
  const [logits, labels] = [need(call, 'logits'), need(call, 'labels')];
  const dy = backend.floats(need(call, 'dy'));
  return backend.output(logits.shape, (out) => {
    const classes = logits.shape[1] ?? 0;
    kernels().kernelCrossEntropyGradient(backend.floats(logits), backend.integers(labels), dy, classes, out);
  });
};

export const ROWS: ReadonlyMap<string, NativeKernel> = new Map([
  ['EigenloomLayerNorm', norm(true)],
  ['EigenloomLayerNormInputGradient', normInputGradient(true)],
  ['EigenloomLayerNormParametersGradient', normParameterGradients],
  ['EigenloomRmsNorm', norm(false)],
  ['EigenloomRmsNormInputGradient', normInputGradient(false)],
  ['EigenloomSoftmaxCrossEntropy', crossEntropy],
  ['EigenloomSoftmaxCrossEntropyGradient', crossEntropyGradient],
  [tf.Softmax, softmax(false)],
  [tf.LogSoftmax, softmax(true)],
]);
