import { gelu } from '../../ops/gelu.js';
import { silu } from '../../ops/silu.js';
import { swiglu } from '../../ops/swiglu.js';
import { tf } from '../../tf.js';
import type { Case, Run } from './case.js';

export const ELEMENTWISE: readonly Case[] = [
  ...(
    [
      ['Neg', tf.neg],
      ['Exp', tf.exp],
      ['Log', tf.log],
      ['Sqrt', tf.sqrt],
      ['Rsqrt', tf.rsqrt],
      ['Square', tf.square],
      ['Abs', tf.abs],
      ['Tanh', tf.tanh],
      ['Sigmoid', tf.sigmoid],
      ['Relu', tf.relu],
      ['Erf', tf.erf],
      ['Reciprocal', tf.reciprocal],
      ['EigenloomGelu', gelu],
      ['EigenloomSilu', silu],
    ] as [string, Run][]
  ).flatMap(([name, run]): Case[] => {
    const positive = ['Log', 'Sqrt', 'Rsqrt', 'Reciprocal'].includes(name);
    const kernels = name.startsWith('Eigenloom') ? [name, `${name}Gradient`] : [name];
    return [[3, 7], [20_011], [0, 4], []].map((shape) => ({
      name: `${name} ${shape.join('x')}`,
      kernels,
      run,
      inputs: [shape],
      positive,
    }));
  }),
  ...[[3, 7], [20_011], [0, 4]].map((shape): Case => ({
    name: `swiglu (${shape.join('x')})`,
    kernels: ['EigenloomSwiGlu', 'EigenloomSwiGluGradient'],
    run: swiglu,
    inputs: [shape, shape],
  })),
  ...(
    [
      ['Add', tf.add],
      ['Sub', tf.sub],
      ['Multiply', tf.mul],
      ['RealDiv', tf.div],
      ['Maximum', tf.maximum],
      ['Minimum', tf.minimum],
      ['SquaredDifference', tf.squaredDifference],
    ] as [string, Run][]
  ).flatMap(([name, run]): Case[] =>
    [
      [
        [5, 7],
        [5, 7],
      ],
      [[5, 7], [7]],
      [
        [5, 1],
        [1, 7],
      ],
      [
        [3, 1, 4, 1],
        [5, 1, 6],
      ],
      [[], [4, 3]],
      [
        [170, 129],
        [170, 1],
      ],
      [[0, 3], [3]],
    ].map(([a = [], b = []]): Case => ({
      name: `${name} ${a.join('x')} ${b.join('x')}`,
      kernels: [name],
      run,
      inputs: [a, b],
      positive: name === 'RealDiv',
    })),
  ),
];
