import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Two classes of grey pictures that differ in the side that is bright. */
export const SIDES = ['left', 'right'] as const;

/** Grey picture number `index`, [size, size], bright on the side of class `index % 2`, with noise that follows from its number. */
export function picture(index: number, size: number): Uint8Array {
  let state = (index + 1) * 2_654_435_761;
  return Uint8Array.from({ length: size * size }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const isRight = at % size >= size / 2;
    return (isRight === (index % 2 === 1) ? 150 : 60) + (state >>> 26);
  });
}

/** Writes pictures `first` to `first + count` as PNG, a folder for each class: `left/0000.png`. */
export async function writeImageFolder(
  folder: string,
  count: number,
  size: number,
  first = 0,
): Promise<string> {
  for (let index = first; index < first + count; index += 1) {
    const side = SIDES[index % 2] ?? '';
    const path = join(folder, side, `${String(index).padStart(4, '0')}.png`);
    await mkdir(dirname(path), { recursive: true });
    await sharp(picture(index, size), { raw: { width: size, height: size, channels: 1 } })
      .png()
      .toFile(path);
  }
  return folder;
}

/** Writes the same pictures as an IDX file with its labels, in `folder`; gives the path of the images. */
export async function writeIdxImages(
  folder: string,
  count: number,
  size: number,
  first = 0,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const images = numbers.map((index) => picture(index, size));
  const path = join(folder, 'sides-images-idx3-ubyte');
  await writeFile(path, Buffer.concat([idxHead(count, size, size), ...images]));
  const labels = Uint8Array.from(numbers, (index) => index % 2);
  await writeFile(join(folder, 'sides-labels-idx1-ubyte'), Buffer.concat([idxHead(count), labels]));
  return path;
}

function idxHead(...shape: number[]): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return head;
}
