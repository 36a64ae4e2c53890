import { batchNorm, convolution, fft, rfft, setBackend, tf } from '@eigenloom/engine';
import { setThreads } from '@eigenloom/numeric';

import { median } from './median.js';
import { type Peer, startPeer } from './peer.js';

const THREADS = 2;
const ROUNDS = 7;
/** Of one side, in a round. */
const ROUND_MS = 60;

interface Case {
  readonly label: string;
  /** Inputs in the order of `run`, NHWC and HWIO. */
  readonly inputs: readonly (readonly number[])[];
  run(...inputs: tf.Tensor[]): tf.Tensor;
  /** The same operation for convolutions.py. */
  readonly peer: Readonly<Record<string, string | number>>;
}

/** A convolution with padding that keeps the size at stride 1. */
function convolved(
  label: string,
  size: number,
  [channels, outputs]: readonly [number, number],
  kernel: number,
  stride = 1,
  groups = 1,
): Case {
  const side = Math.floor(kernel / 2);
  const pad: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [side, side],
    [side, side],
    [0, 0],
  ];
  return {
    label,
    inputs: [
      [8, size, size, channels],
      [kernel, kernel, channels / groups, outputs],
    ],
    run: (x, filter) => convolution(x, filter, { strides: stride, pad, groups }),
    peer: { name: 'convolution', stride, padding: side, groups },
  };
}

const CASES: readonly Case[] = [
  convolved('3×3, 64 → 64, 56²', 56, [64, 64], 3),
  convolved('3×3, 512 → 512, 7²', 7, [512, 512], 3),
  convolved('1×1, 256 → 64, 56²', 56, [256, 64], 1),
  convolved('7×7 / 2, 3 → 64, 224²', 224, [3, 64], 7, 2),
  convolved('3×3 / 2, 64 → 128, 56²', 56, [64, 128], 3, 2),
  convolved('3×3, 128 in 32 groups, 56²', 56, [128, 128], 3, 1, 32),
  convolved('7×7 depth-wise, 96, 56²', 56, [96, 96], 7, 1, 96),
  convolved('3×3 / 2 depth-wise, 96, 56²', 56, [96, 96], 3, 2, 96),
  {
    label: 'max pool 3×3 / 2, 64, 112²',
    inputs: [[8, 112, 112, 64]],
    run: (x) =>
      tf.maxPool(
        x as tf.Tensor4D,
        3,
        2,
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        'floor',
      ),
    peer: { name: 'max_pool', kernel: 3, stride: 2, padding: 1 },
  },
  {
    label: 'mean pool 2×2, 64, 112²',
    inputs: [[8, 112, 112, 64]],
    run: (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'),
    peer: { name: 'mean_pool', kernel: 2, stride: 2, padding: 0 },
  },
  {
    label: 'batch norm, 64, 56²',
    inputs: [[8, 56, 56, 64], [64], [64]],
    run: (x, gamma, beta) => batchNorm(x, gamma, beta, 1e-5).y,
    peer: { name: 'batch_norm' },
  },
  {
    label: 'FFT 4096, 256 rows',
    inputs: [
      [256, 4096],
      [256, 4096],
    ],
    run: (re, im) => {
      const { real, imaginary } = fft({ real: re, imaginary: im });
      return tf.add(real, imaginary);
    },
    peer: { name: 'fft' },
  },
  {
    label: 'real FFT 4096, 256 rows',
    inputs: [[256, 4096]],
    run: (x) => {
      const { real, imaginary } = rfft(x);
      return tf.add(real, imaginary);
    },
    peer: { name: 'rfft' },
  },
];

interface Request {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly layout: Layout;
  readonly backward: boolean;
  /** How often, in a row. */
  readonly times: number;
}
/** PyTorch's own order of images, and the one that we have. */
const LAYOUTS = ['NCHW', 'NHWC'] as const;
type Layout = (typeof LAYOUTS)[number];
type PyTorch = Peer<Request, { seconds: number }>;

/**
 * Milliseconds of kernels of networks of images and signals, through tf.js, against PyTorch with its images in either order: f32 on two threads,
 * medians of rounds in turn. Of the result alone, and with the gradients of all inputs. The sum of both parts is in the time of an FFT, on
 * both sides.
 */
export async function convolutions(): Promise<void> {
  setThreads(THREADS);
  await setBackend('native');
  const peer: PyTorch = startPeer('convolutions.py');
  try {
    console.log('ms, and PyTorch over eigenloom       eigenloom      torch NCHW      torch NHWC');
    for (const item of CASES) {
      await compare(item, false, peer);
      await compare(item, true, peer);
    }
  } finally {
    peer.close();
    setThreads(0);
  }
}

async function compare(item: Case, backward: boolean, peer: PyTorch): Promise<void> {
  const tensors = item.inputs.map((shape, i) => tf.randomNormal([...shape], 0, 1, 'float32', i + 1));
  const slope = tf.tidy(() => tf.onesLike(item.run(...tensors)));
  const gradients = tf.grads((...inputs: tf.Tensor[]) => item.run(...inputs));
  const once = (): void => {
    tf.tidy(() => {
      if (backward) gradients(tensors, slope);
      else item.run(...tensors);
    });
  };
  once();
  const first = secondsOf(once, 1);
  const times = Math.max(1, Math.round(ROUND_MS / 1000 / first));
  const { inputs, peer: own } = item;
  const request = { ...own, name: String(own['name']), inputs, backward, times };
  const ours: number[] = [];
  const theirs = new Map(LAYOUTS.map((layout): [Layout, number[]] => [layout, []]));
  for (const layout of LAYOUTS) await peer.ask({ ...request, layout, times: 2 });
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(secondsOf(once, times));
    for (const [layout, figures] of theirs) figures.push((await peer.ask({ ...request, layout })).seconds);
  }
  tf.dispose([slope, ...tensors]);
  const seconds = median(ours);
  const columns = [...theirs.values()].map((figures) => {
    const torch = median(figures);
    return `${(1000 * torch).toFixed(2).padStart(9)} ${(torch / seconds).toFixed(2).padStart(5)}`;
  });
  const label = `${item.label}${backward ? ' + gradients' : ''}`;
  console.log(`${label.padEnd(40)} ${(1000 * seconds).toFixed(2).padStart(7)} ${columns.join(' ')}`);
}

/** Of one run, in a row of them. */
function secondsOf(run: () => void, times: number): number {
  const start = performance.now();
  for (let i = 0; i < times; i += 1) run();
  return (performance.now() - start) / 1000 / times;
}
