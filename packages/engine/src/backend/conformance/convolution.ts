import { convolution, transposedConvolution, type ConvolutionOptions } from '../../ops/convolution.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

type Images = tf.Tensor4D;
type Shapes = Case['inputs'];

const GRADIENTS = ['EigenloomConvolutionInputGradient', 'EigenloomConvolutionFilterGradient'];

const one = (name: string, kernels: readonly string[], run: Case['run'], inputs: Shapes): Case => ({
  name: `${name} ${inputs.map((shape) => shape.join('x')).join(' ')}`,
  ...{ kernels, run, inputs },
});

const BOTH: Shapes = [
  [2, 7, 6, 3],
  [3, 2, 3, 4],
];

const explicit: tf.backend_util.ExplicitPadding = [
  [0, 0],
  [2, 1],
  [0, 1],
  [0, 0],
];

const conv2d: readonly Case[] = (
  [
    ['valid', 1, 'valid', 1, BOTH],
    ['same', 1, 'same', 1, BOTH],
    ['same with stride 2', 2, 'same', 1, BOTH],
    ['with a stride above the kernel', [4, 3], 'same', 1, BOTH],
    ['with dilation', 1, 'same', [2, 3], BOTH],
    [
      'of one tap',
      1,
      'valid',
      1,
      [
        [2, 5, 7, 9],
        [1, 1, 9, 17],
      ],
    ],
    [
      'of one tap with stride 2',
      2,
      'valid',
      1,
      [
        [2, 5, 7, 9],
        [1, 1, 9, 17],
      ],
    ],
    [
      'of no image',
      1,
      'same',
      1,
      [
        [0, 5, 7, 3],
        [3, 3, 3, 2],
      ],
    ],
    [
      'of 9 to 33 channels',
      1,
      'same',
      1,
      [
        [1, 5, 5, 9],
        [2, 2, 9, 33],
      ],
    ],
  ] as [string, number | [number, number], 'same' | 'valid', number | [number, number], Shapes][]
).map(([name, strides, pad, dilations, inputs]) =>
  one(
    `conv2d ${name}`,
    [tf.Conv2D, ...GRADIENTS],
    (x, filter) => tf.conv2d(x as Images, filter as Images, strides, pad, 'NHWC', dilations),
    inputs,
  ),
);

const stock: readonly Case[] = [
  one(
    'conv2d NCHW',
    [tf.Conv2D],
    (x, filter) =>
      tf.transpose(
        tf.conv2d(tf.transpose(x as Images, [0, 3, 1, 2]), filter as Images, 2, 'same', 'NCHW'),
        [0, 2, 3, 1],
      ),
    BOTH,
  ),
  one('conv1d', [tf.Conv2D], (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 2, 'same'), [
    [3, 21, 5],
    [4, 5, 6],
  ]),
  one(
    'conv2dTranspose',
    [tf.Conv2DBackpropInput],
    (x, filter) => tf.conv2dTranspose(x as Images, filter as Images, [2, 9, 7, 4], 2, 'same'),
    [
      [2, 5, 4, 3],
      [3, 3, 4, 3],
    ],
  ),
  ...(
    [
      [1, 'same', 1],
      [2, 'same', 1],
      [1, 'valid', 2],
    ] as [number, 'same' | 'valid', number][]
  ).map(([strides, pad, dilations]) =>
    one(
      `depthwiseConv2d ${strides} ${pad} ${dilations}`,
      [tf.DepthwiseConv2dNative, ...GRADIENTS],
      (x, filter) => tf.depthwiseConv2d(x as Images, filter as Images, strides, pad, 'NHWC', dilations),
      [
        [2, 7, 9, 5],
        [3, 3, 5, 2],
      ],
    ),
  ),
  one(
    'depthwiseConv2d of one of each channel',
    [tf.DepthwiseConv2dNative, ...GRADIENTS],
    (x, filter) => tf.depthwiseConv2d(x as Images, filter as Images, 1, 'same'),
    [
      [2, 11, 10, 35],
      [7, 7, 35, 1],
    ],
  ),
];

const grouped: readonly Case[] = (
  [
    [
      'in 2 groups',
      { groups: 2, pad: 'same' },
      [
        [2, 7, 6, 6],
        [3, 3, 3, 4],
      ],
    ],
    [
      'in 3 groups, unequal strides and dilations',
      { groups: 3, strides: [2, 1], dilations: [1, 2], pad: 2 },
      [
        [1, 9, 8, 6],
        [3, 2, 2, 9],
      ],
    ],
    [
      'with strides and dilations',
      { strides: [2, 3], dilations: [3, 2], pad: explicit },
      [
        [2, 11, 9, 3],
        [2, 3, 3, 5],
      ],
    ],
    [
      'depth-wise',
      { groups: 6, pad: 'same', strides: 2 },
      [
        [2, 7, 9, 6],
        [3, 3, 1, 12],
      ],
    ],
    [
      'depth-wise with unequal strides',
      { groups: 4, strides: [2, 3], pad: 'valid' },
      [
        [1, 9, 8, 4],
        [3, 2, 1, 4],
      ],
    ],
  ] as [string, ConvolutionOptions, Shapes][]
).flatMap(([name, options, inputs]) => [
  one(
    `convolution ${name}`,
    ['EigenloomConvolution', ...GRADIENTS],
    (x, filter) => convolution(x, filter, options),
    inputs,
  ),
  one(
    `transposed convolution ${name}`,
    ['EigenloomConvolutionInputGradient', 'EigenloomConvolution'],
    (like, filter) => {
      const [, height = 0, width = 0] = like.shape;
      const y = convolution(like, filter, options);
      return transposedConvolution(y, filter, [height, width], options);
    },
    inputs,
  ),
]);

const second: readonly Case[] = [
  one(
    'the gradient of the gradient of convolution',
    ['EigenloomConvolutionFilterGradient'],
    (x, filter) => {
      const squares = (x: tf.Tensor, filter: tf.Tensor): tf.Scalar =>
        tf.sum(tf.square(convolution(x, filter, { pad: 'same', strides: 2 })));
      const [dx, dfilter] = tf.grads(squares)([x, filter]) as [tf.Tensor, tf.Tensor];
      return tf.concat([tf.reshape(dx, [-1]), tf.reshape(dfilter, [-1])]);
    },
    BOTH,
  ),
];

const pools: readonly Case[] = (
  [
    [3, 2, 'same'],
    [2, 2, 'valid'],
    [[3, 2], [1, 3], 'valid'],
    [2, [3, 4], 'same'],
    [[1, 5], 1, 'same'],
  ] as [number | [number, number], number | [number, number], 'same' | 'valid'][]
).flatMap(([size, strides, pad]) =>
  [
    [2, 9, 11, 5],
    [0, 9, 11, 5],
  ].flatMap((shape) => [
    one(
      `maxPool ${String(size)} ${String(strides)} ${pad}`,
      [tf.MaxPool, tf.MaxPoolGrad],
      (x) => tf.maxPool(x as Images, size, strides, pad),
      [shape],
    ),
    one(
      `avgPool ${String(size)} ${String(strides)} ${pad}`,
      [tf.AvgPool, 'EigenloomMeanPoolGradient'],
      (x) => tf.avgPool(x as Images, size, strides, pad),
      [shape],
    ),
  ]),
);

export const CONVOLUTION: readonly Case[] = [...conv2d, ...stock, ...grouped, ...second, ...pools];
