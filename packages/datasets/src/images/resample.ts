/** An image, [height, width, channels], row-major. */
export interface Pixels {
  readonly pixels: Uint8Array | Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** In the order of Pillow's numbers, which `preprocessor_config.json` has. */
export const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
export type Filter = (typeof FILTERS)[number];

/** Half the width of each kernel, and the kernel, as Pillow has them (bicubic with a = −1/2). */
const KERNELS: Readonly<Record<Exclude<Filter, 'nearest'>, readonly [number, (x: number) => number]>> = {
  box: [0.5, (x) => (x > -0.5 && x <= 0.5 ? 1 : 0)],
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  hamming: [1, (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0)],
  bicubic: [2, (x) => cubic(Math.abs(x))],
  lanczos: [3, (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Bits after the point of the weights of bytes: 32 less 8 of the pixel, a sign and a bit for kernels that go above 1. */
const PRECISION = 22;

/** What each place of the result is the sum of. */
interface Weights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** [places, width] */
  readonly values: Float64Array;
  readonly width: number;
}

/**
 * Resizes as Pillow's `Image.resize` does, to the bit: the kernel is widened by the scale where the image shrinks, so that nothing is left
 * out; across first, then down, each rounded to the type of the pixels; bytes by weights of 22 bits.
 */
export function resize(image: Pixels, height: number, width: number, filter: Filter): Pixels {
  if (filter === 'nearest') return nearest(image, height, width);
  const isWhole = image.pixels instanceof Uint8Array;
  const across =
    width === image.width ? image : pass(image, weightsOf(image.width, width, filter, isWhole), 'across');
  return height === image.height
    ? across
    : pass(across, weightsOf(image.height, height, filter, isWhole), 'down');
}

function weightsOf(from: number, to: number, filter: Exclude<Filter, 'nearest'>, isWhole: boolean): Weights {
  const [half, kernel] = KERNELS[filter];
  const scale = from / to;
  const widened = Math.max(scale, 1);
  const support = half * widened;
  const width = 2 * Math.ceil(support) + 1;
  const [first, count] = [new Int32Array(to), new Int32Array(to)];
  const values = new Float64Array(to * width);
  for (let place = 0; place < to; place++) {
    const center = (place + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    const row = values.subarray(place * width, place * width + end - start);
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      // The scale is inverted first, as Pillow does, for the last bit.
      const weight = kernel((i + start - center + 0.5) * (1 / widened));
      row[i] = weight;
      sum += weight;
    }
    if (sum !== 0) row.forEach((weight, i) => (row[i] = weight / sum));
    if (isWhole)
      row.forEach((weight, i) => (row[i] = Math.trunc(weight * 2 ** PRECISION + (weight < 0 ? -0.5 : 0.5))));
    first[place] = start;
    count[place] = row.length;
  }
  return { first, count, values, width };
}

/** One direction: `step` numbers lie between neighbours along it. */
function pass(image: Pixels, weights: Weights, direction: 'across' | 'down'): Pixels {
  const { pixels, channels } = image;
  const places = weights.first.length;
  const isAcross = direction === 'across';
  const [height, width] = isAcross ? [image.height, places] : [places, image.width];
  const step = isAcross ? channels : image.width * channels;
  const length = height * width * channels;
  const isWhole = pixels instanceof Uint8Array;
  const out = isWhole ? new Uint8Array(length) : new Float32Array(length);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = isAcross ? x : y;
      const first = weights.first[place] ?? 0;
      const count = weights.count[place] ?? 0;
      const row = place * weights.width;
      const origin = isAcross ? (y * image.width + first) * channels : (first * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = isWhole ? 2 ** (PRECISION - 1) : 0;
        for (let i = 0; i < count; i++) {
          sum += (pixels[origin + channel + i * step] ?? 0) * (weights.values[row + i] ?? 0);
        }
        out[at++] = isWhole ? Math.min(255, Math.max(0, Math.floor(sum / 2 ** PRECISION))) : sum;
      }
    }
  }
  return { pixels: out, height, width, channels };
}

function nearest({ pixels, height: h, width: w, channels }: Pixels, height: number, width: number): Pixels {
  const length = height * width * channels;
  const out = pixels instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  const [rows, columns] = [placesOf(h, height), placesOf(w, width)];
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * w + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[at++] = pixels[from + channel] ?? 0;
    }
  }
  return { pixels: out, height, width, channels };
}

/** Pillow adds the scale from place to place instead of multiplying; the sum may differ in its last bit. */
function placesOf(from: number, to: number): Int32Array {
  const places = new Int32Array(to);
  const scale = from / to;
  let at = scale * 0.5;
  for (let i = 0; i < to; i++, at += scale) places[i] = Math.min(from - 1, Math.trunc(at));
  return places;
}
