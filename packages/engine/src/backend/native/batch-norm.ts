import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { NONE } from './arrays.js';
import { areFloats, need, type NativeKernel } from './native-kernel.js';

const batchNorm: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const [gamma, beta] = [backend.floats(need(call, 'gamma')), backend.floats(need(call, 'beta'))];
  const channels = [x.shape.at(-1) ?? 0];
  return backend.outputs([x.shape, channels, channels], ([y = NONE, mean = NONE, variance = NONE]) => {
    const values = backend.floats(x);
    kernels().kernelBatchMoments(values, mean, variance);
    kernels().kernelBatchNorm(values, mean, variance, gamma, beta, Number(attributes['epsilon']), y);
  });
};

const gradients: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const [mean, variance] = [backend.floats(need(call, 'mean')), backend.floats(need(call, 'variance'))];
  const [gamma, dy] = [backend.floats(need(call, 'gamma')), backend.floats(need(call, 'dy'))];
  const channels = [x.shape.at(-1) ?? 0];
  return backend.outputs([x.shape, channels, channels], ([dx = NONE, dgamma = NONE, dbeta = NONE]) => {
    const epsilon = Number(attributes['epsilon']);
    const values = backend.floats(x);
    kernels().kernelBatchNormGradients(values, mean, variance, gamma, dy, epsilon, dx, dgamma, dbeta);
  });
};

/** With given statistics of each channel. */
const fusedBatchNorm: NativeKernel = (call) => {
  const { backend, attributes, inputs } = call;
  const [x, mean, variance] = [need(call, 'x'), need(call, 'mean'), need(call, 'variance')];
  const channels = x.shape.at(-1) ?? 0;
  const { scale, offset } = inputs;
  const given = [mean, variance, scale, offset].filter((each) => each !== undefined);
  if (!areFloats(x, ...given) || given.some(({ shape }) => shape.length !== 1 || shape[0] !== channels))
    return undefined;
  const gamma = scale === undefined ? new Float32Array(channels).fill(1) : backend.floats(scale);
  const beta = offset === undefined ? new Float32Array(channels) : backend.floats(offset);
  return backend.output(x.shape, (out) => {
    const epsilon = Number(attributes['varianceEpsilon'] ?? 0.001);
    const [centre, spread] = [backend.floats(mean), backend.floats(variance)];
    kernels().kernelBatchNorm(backend.floats(x), centre, spread, gamma, beta, epsilon, out);
  });
};

export const BATCH_NORM: ReadonlyMap<string, NativeKernel> = new Map([
  ['EigenloomBatchNorm', batchNorm],
  ['EigenloomBatchNormGradients', gradients],
  [tf.FusedBatchNorm, fusedBatchNorm],
]);
