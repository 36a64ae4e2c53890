import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import sharp from 'sharp';

import { GOLDEN, type GoldenArray, goldenArrays } from '../testing/golden.js';
import { decodeImage } from './decode.js';

let folder: string;
let golden: ReadonlyMap<string, GoldenArray>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'decode-'));
  golden = await goldenArrays('decoded.npz');
});
afterAll(() => rm(folder, { recursive: true }));

describe('decodeImage', () => {
  it.each(['photo.png', 'grey.png', 'palette.png', 'alpha.png', 'lossless.webp'])(
    "gives Pillow's bytes of %s",
    async (file) => {
      for (const [channels, kind] of [
        [3, 'colour'],
        [1, 'grey'],
      ] as const) {
        const { shape, values } = golden.get(`${file}/${kind}`)!;
        const image = await decodeImage(join(GOLDEN, file), file, channels);
        expect([image.height, image.width]).toEqual(shape.slice(0, 2));
        expect(image.pixels).toEqual(values);
      }
    },
  );

  // Two decoders may round the discrete cosine transform and the colours of a JPEG differently.
  it.each(['photo.jpg', 'turned.jpg'])("is within 1 of 255 of Pillow's bytes of %s", async (file) => {
    const { shape, values } = golden.get(`${file}/colour`)!;
    const image = await decodeImage(join(GOLDEN, file), file, 3);
    expect([image.height, image.width]).toEqual(shape.slice(0, 2));
    const differences = Array.from(image.pixels, (value, i) => Math.abs(value - values[i]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });

  it('names a file that is no image, is cut or claims too much', async () => {
    const text = join(folder, 'text.png');
    await writeFile(text, 'not an image');
    await expect(decodeImage(text, 'a/text.png', 3)).rejects.toMatchObject({
      reason: 'IMAGE_INVALID',
      message: expect.stringMatching(/^a\/text\.png is not an image/) as string,
    });
    const cut = join(folder, 'cut.png');
    await copyFile(join(GOLDEN, 'photo.png'), cut);
    await truncate(cut, 4000);
    await expect(decodeImage(cut, 'cut.png', 3)).rejects.toMatchObject({ reason: 'IMAGE_INVALID' });
    const drawing = join(folder, 'drawing.png');
    await writeFile(drawing, '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>');
    await expect(decodeImage(drawing, 'drawing.png', 3)).rejects.toMatchObject({
      reason: 'IMAGE_INVALID',
      message: 'drawing.png is SVG, which is not read',
    });
    const huge = join(folder, 'huge.png');
    const bytes = await readFile(join(GOLDEN, 'photo.png'));
    bytes.writeUInt32BE(20_000, 16);
    bytes.writeUInt32BE(20_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await writeFile(huge, bytes);
    await expect(decodeImage(huge, 'huge.png', 3)).rejects.toMatchObject({
      reason: 'IMAGE_TOO_LARGE',
      message: expect.stringMatching(/^huge\.png has 20000 × 20000 pixels/) as string,
    });
  });

  it.each(['gif', 'tiff', 'avif'] as const)('reads %s', async (format) => {
    const path = join(folder, `plain.${format}`);
    const colour = { r: 200, g: 100, b: 50 };
    await sharp({ create: { width: 20, height: 10, channels: 3, background: colour } })
      .toFormat(format)
      .toFile(path);
    const { pixels, height, width } = await decodeImage(path, path, 3);
    expect([height, width, pixels.length]).toEqual([10, 20, 600]);
    [200, 100, 50].forEach((value, i) => {
      expect(Math.abs(pixels[300 + i]! - value)).toBeLessThan(6);
    });
  });
});
