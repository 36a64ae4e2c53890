import { fft, ifft, irfft, rfft, type Complex } from '../../ops/fourier.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

const beside = ({ real, imaginary }: Complex): tf.Tensor => tf.concat([real, imaginary], -1);

const LENGTHS = [1, 2, 3, 8, 15, 17];

export const FOURIER: readonly Case[] = [
  ...LENGTHS.flatMap((length): Case[] => {
    const shape = [2, 3, length];
    const half = [2, 3, Math.floor(length / 2) + 1];
    return [
      {
        name: `fft ${length}`,
        kernels: ['EigenloomFourier'],
        run: (real, imaginary) => beside(fft({ real, imaginary })),
        inputs: [shape, shape],
      },
      {
        name: `ifft ${length}`,
        kernels: ['EigenloomFourier'],
        run: (real, imaginary) => beside(ifft({ real, imaginary })),
        inputs: [shape, shape],
      },
      {
        name: `rfft ${length}`,
        kernels: ['EigenloomRealFourier', 'EigenloomInverseRealFourier'],
        run: (x) => beside(rfft(x)),
        inputs: [shape],
      },
      {
        name: `irfft ${length}`,
        kernels: ['EigenloomInverseRealFourier', 'EigenloomRealFourier'],
        run: (real, imaginary) => irfft({ real, imaginary }, length),
        inputs: [half, half],
      },
      {
        name: `tf.fft and tf.ifft ${length}`,
        kernels: [tf.FFT, tf.IFFT, tf.Complex, tf.Real, tf.Imag],
        run: (real, imaginary) => {
          const [there, back] = [tf.fft, tf.ifft].map((of) => of(tf.complex(real, imaginary)));
          return tf.concat([there, back].flatMap((y) => [tf.real(y as tf.Tensor), tf.imag(y as tf.Tensor)]));
        },
        inputs: [shape, shape],
        constant: true,
      },
    ];
  }),
  {
    name: 'tf.rfft and tf.irfft',
    kernels: [tf.FFT, tf.IFFT],
    run: (x) => tf.irfft(tf.rfft(x)),
    inputs: [[3, 12]],
    constant: true,
  },
];
