import { runFused } from '../../ops/fused-kernel.js';
import { linear, linearInputKernel } from '../../ops/linear.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

const matmuls: Case[] = [false, true].flatMap((ta) =>
  [false, true].flatMap((tb) =>
    [
      { batchA: [], batchB: [], m: 7, n: 5, k: 3 },
      { batchA: [3], batchB: [3], m: 33, n: 17, k: 65 },
      { batchA: [9], batchB: [9], m: 4, n: 6, k: 5 },
      { batchA: [3], batchB: [1], m: 5, n: 4, k: 6 },
      { batchA: [1], batchB: [3], m: 5, n: 4, k: 6 },
      { batchA: [], batchB: [], m: 1, n: 1, k: 1 },
    ].map(({ batchA, batchB, m, n, k }): Case => ({
      name: `matMul ${[...batchA, m, k].join('x')} ${[...batchB, k, n].join('x')} ${String(ta)} ${String(tb)}`,
      kernels: [tf.BatchMatMul],
      run: (a, b) => tf.matMul(a, b, ta, tb),
      inputs: [
        [...batchA, ...(ta ? [k, m] : [m, k])],
        [...batchB, ...(tb ? [n, k] : [k, n])],
      ],
    })),
  ),
);

const linears: Case[] = [
  ...[
    [5, 7],
    [2, 3, 7],
    [0, 7],
  ].map((shape): Case => ({
    name: `linear ${shape.join('x')}`,
    kernels: ['EigenloomLinear', 'EigenloomLinearInputGradient'],
    run: (x, w, b) => linear(x, w, b),
    inputs: [shape, [9, 7], [9]],
  })),
  ...[
    [5, 7],
    [300, 7],
    [2, 3, 7],
    [0, 7],
  ].flatMap((shape): Case[] => [
    {
      name: `linear ${shape.join('x')} with an addend`,
      kernels: ['EigenloomLinear', 'EigenloomLinearInputGradient'],
      run: (x, w, b, addend) => linear(x, w, b, addend),
      inputs: [shape, [9, 7], [9], [...shape.slice(0, -1), 9]],
    },
    {
      name: `gradient of a linear's input ${shape.join('x')} onto another`,
      kernels: ['EigenloomLinearInputGradient'],
      run: (dy, w, before) => runFused(linearInputKernel, { dy, w, before }),
      inputs: [shape, [7, 9], [...shape.slice(0, -1), 9]],
      constant: true,
    },
    {
      name: `gradient of a linear's input ${shape.join('x')} onto another, through GELU`,
      kernels: ['EigenloomLinearInputGradient'],
      run: (dy, w, before, slopeAt) => runFused(linearInputKernel, { dy, w, before, slopeAt }),
      inputs: [shape, [7, 9], [...shape.slice(0, -1), 9], [...shape.slice(0, -1), 9]],
      constant: true,
    },
  ]),
  {
    name: 'fused matMul with bias',
    kernels: [tf._FusedMatMul],
    run: (a, b, bias) => tf.fused.matMul({ a: a, b: b, bias: bias, transposeB: true }),
    inputs: [[5, 7], [9, 7], [9]],
  },
];

export const PRODUCTS: readonly Case[] = [...matmuls, ...linears];
