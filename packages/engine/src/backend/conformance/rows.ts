import { runFused } from '../../ops/fused-kernel.js';
import { layerNorm, layerNormInputKernel } from '../../ops/layer-norm.js';
import { rmsNorm, rmsNormInputKernel } from '../../ops/rms-norm.js';
import { softmaxCrossEntropy } from '../../ops/softmax-cross-entropy.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

export const ROWS: readonly Case[] = [
  ...[
    [4, 7],
    [2, 3, 65],
    [300, 129],
    [0, 5],
  ].flatMap((shape): Case[] => {
    const width = shape.at(-1) ?? 1;
    const parameters = ['InputGradient', 'ParametersGradient'].map((part) => `EigenloomLayerNorm${part}`);
    return [
      {
        name: `layerNorm ${shape.join('x')}`,
        kernels: ['EigenloomLayerNorm', ...parameters],
        run: (x, g, b) => layerNorm(x, g, b, 1e-5),
        inputs: [shape, [width], [width]],
      },
      {
        name: `rmsNorm ${shape.join('x')}`,
        kernels: ['EigenloomRmsNorm', 'EigenloomRmsNormInputGradient'],
        run: (x, g) => rmsNorm(x, g, 1e-5),
        inputs: [shape, [width]],
      },
      ...[layerNormInputKernel, rmsNormInputKernel].map((kernel): Case => ({
        name: `${kernel.name} ${shape.join('x')} onto another`,
        kernels: [kernel.name],
        run: (x, gamma, dy, before) => runFused(kernel, { x, gamma, dy, before }, { epsilon: 1e-5 }),
        inputs: [shape, [width], shape, shape],
        constant: true,
      })),
      {
        name: `softmax ${shape.join('x')}`,
        kernels: [tf.Softmax],
        run: (x) => tf.softmax(x),
        inputs: [shape],
      },
      {
        name: `logSoftmax ${shape.join('x')}`,
        kernels: [tf.LogSoftmax],
        run: (x) => tf.logSoftmax(x),
        inputs: [shape],
      },
    ];
  }),
  {
    name: 'softmaxCrossEntropy with padding',
    kernels: ['EigenloomSoftmaxCrossEntropy', 'EigenloomSoftmaxCrossEntropyGradient'],
    run: (x) => softmaxCrossEntropy(x, tf.tensor1d([2, -100, 0, 16], 'int32')),
    inputs: [[4, 17]],
  },
];
