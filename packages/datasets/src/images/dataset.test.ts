import { copyFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { GOLDEN, goldenArrays } from '../testing/golden.js';
import { type ImageOptions, openImages } from './dataset.js';
import type { ImageSet } from './image-set.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'images-'));
});
afterAll(() => rm(root, { recursive: true }));

const opened: ImageSet[] = [];
afterEach(() => Promise.all(opened.splice(0).map((images) => images.close())));
async function open(path: string, options?: ImageOptions): Promise<ImageSet> {
  const images = await openImages(path, options);
  opened.push(images);
  return images;
}

async function put(path: string, content: string | Buffer): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function photo(path: string, from = 'photo.png'): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await copyFile(join(GOLDEN, from), file);
}

const refusal = (reason: string, message: RegExp): object => ({
  reason,
  message: expect.stringMatching(message) as string,
});

describe('a folder of images', () => {
  it('has a class for each sub-folder, sorted, and images in a stable order', async () => {
    await photo('pets/dog/b.PNG');
    await photo('pets/dog/a/z.png', 'grey.png');
    await photo('pets/cat/9.webp', 'lossless.webp');
    await photo('pets/cat/10.png', 'palette.png');
    await put('pets/cat/.hidden.png', 'x');
    await put('pets/README.md', 'about');
    const images = await open(join(root, 'pets'), { requireLabels: true });
    expect(images).toMatchObject({ count: 4, classes: ['cat', 'dog'], labels: Int32Array.of(0, 0, 1, 1) });
    expect([0, 1, 2, 3].map((i) => images.nameOf(i))).toEqual([
      'cat/10.png',
      'cat/9.webp',
      'dog/a/z.png',
      'dog/b.PNG',
    ]);
    const { pixels, ...shape } = await images.read([3, 0, 3]);
    expect(shape).toEqual({ count: 3, height: 47, width: 61, channels: 3 });
    const decoded = await goldenArrays('decoded.npz');
    const size = 47 * 61 * 3;
    expect(pixels.subarray(0, size)).toEqual(decoded.get('photo.png/colour')!.values);
    expect(pixels.subarray(size, 2 * size)).toEqual(decoded.get('palette.png/colour')!.values);
    const grey = await open(join(root, 'pets'), { channels: 1 });
    expect((await grey.read([2])).pixels).toEqual(decoded.get('grey.png/grey')!.values);
    await expect(images.read([4])).rejects.toThrow(RangeError);
  });

  it('may be without classes', async () => {
    await photo('loose/b.png');
    const images = await open(join(root, 'loose'));
    expect(images).toMatchObject({ count: 1, classes: undefined, labels: undefined });
    await expect(openImages(join(root, 'loose'), { requireLabels: true })).rejects.toMatchObject(
      refusal('LABELS_MISSING', /loose has no classes: put the images of each class into a sub-folder/),
    );
  });

  it('names what does not fit', async () => {
    await mkdir(join(root, 'nothing'));
    await expect(openImages(join(root, 'nothing'))).rejects.toMatchObject(
      refusal('DATASET_EMPTY', /nothing/),
    );
    await photo('half/a/a.png');
    await put('half/b/notes.txt', '');
    await expect(openImages(join(root, 'half'))).rejects.toMatchObject(refusal('CLASS_EMPTY', /class b/));
    await photo('mixed/a/a.png');
    await photo('mixed/b.png');
    await expect(openImages(join(root, 'mixed'))).rejects.toMatchObject(refusal('FOLDER_MIXED', /b\.png/));
    await put('bitmaps/a/x.bmp', 'BM');
    await expect(openImages(join(root, 'bitmaps'))).rejects.toMatchObject(
      refusal('IMAGE_FORMAT', /a\/x\.bmp: BMP is not read; convert it to PNG/),
    );
    await mkdir(join(root, 'links/a'), { recursive: true });
    await symlink(join(GOLDEN, 'photo.png'), join(root, 'links/a/l.png'));
    await expect(openImages(join(root, 'links'))).rejects.toMatchObject(refusal('LINK_REFUSED', /a\/l\.png/));
    await photo('sizes/a/a.png');
    await photo('sizes/a/b.jpg', 'turned.jpg');
    await put('sizes/a/c.png', 'text');
    const images = await open(join(root, 'sizes'));
    await expect(images.read([0, 1])).rejects.toMatchObject(
      refusal('SIZES_DIFFER', /a\/b\.jpg is 47 × 61, a\/a\.png 61 × 47/),
    );
    await expect(images.read([2])).rejects.toMatchObject(
      refusal('IMAGE_INVALID', /^a\/c\.png is not an image/),
    );
  });
});

describe('IDX files', () => {
  const pixels = Uint8Array.from({ length: 3 * 4 * 2 }, (_, i) => 10 * i);
  const idx = (shape: readonly number[], data: Uint8Array, type = 8): Buffer => {
    const sizes = Buffer.alloc(4 * shape.length);
    shape.forEach((size, i) => sizes.writeUInt32BE(size, 4 * i));
    return Buffer.concat([Buffer.of(0, 0, type, shape.length), sizes, data]);
  };
  const images = idx([3, 4, 2], pixels);
  const labels = idx([3], Uint8Array.of(7, 0, 9));

  it.each(['', '.gz'])('come with their labels beside them: %s', async (ending) => {
    const packed = (bytes: Buffer): Buffer => (ending === '' ? bytes : gzipSync(bytes));
    const path = await put(`idx${ending}/train-images-idx3-ubyte${ending}`, packed(images));
    await put(`idx${ending}/train-labels-idx1-ubyte`, labels);
    const set = await open(path, { requireLabels: true });
    expect(set).toMatchObject({ count: 3, classes: undefined, labels: Int32Array.of(7, 0, 9) });
    expect(await set.read([2, 0])).toEqual({
      pixels: Uint8Array.from([...pixels.subarray(16, 24), ...pixels.subarray(0, 8)]),
      ...{ count: 2, height: 4, width: 2, channels: 1 },
    });
    expect(set.nameOf(2)).toBe(`train-images-idx3-ubyte${ending}[2]`);
    await expect(set.read([3])).rejects.toThrow(RangeError);
  });

  it('are refused when cut, when bytes follow, without labels and with those of others', async () => {
    const cut = await put('cut/t-images-idx3-ubyte', images.subarray(0, -1));
    await expect(openImages(cut)).rejects.toMatchObject(
      refusal(
        'FILE_TRUNCATED',
        /t-images-idx3-ubyte says that it holds \[3, 4, 2\].*40 bytes in all; it has 39/,
      ),
    );
    const head = await put('head/t-images-idx3-ubyte', images.subarray(0, 9));
    await expect(openImages(head)).rejects.toMatchObject(refusal('FILE_TRUNCATED', /9 bytes/));
    const more = await put('more/t-images-idx3-ubyte', Buffer.concat([images, Buffer.of(0)]));
    await expect(openImages(more)).rejects.toMatchObject(refusal('ARRAY_INVALID', /bytes follow/));
    const bare = await put('bare/t-images.idx3-ubyte', images);
    expect((await open(bare)).labels).toBeUndefined();
    await expect(openImages(bare, { requireLabels: true })).rejects.toMatchObject(
      refusal('LABELS_MISSING', /put t-labels\.idx1-ubyte beside it/),
    );
    await put('bare/t-labels.idx1-ubyte', idx([2], Uint8Array.of(1, 2)));
    await expect(openImages(bare)).rejects.toMatchObject(
      refusal('LABELS_COUNT', /t-labels\.idx1-ubyte has the shape \[2\]; the 3 images/),
    );
    const floats = await put('floats/t-images-idx3-ubyte', idx([1, 1, 1], new Uint8Array(4), 0x0d));
    await expect(openImages(floats)).rejects.toMatchObject(refusal('ARRAY_TYPE', /does not hold bytes/));
    const broken = await put('broken/t-images-idx3-ubyte.gz', gzipSync(images).subarray(0, -9));
    await expect(openImages(broken)).rejects.toMatchObject(
      refusal('GZIP_INVALID', /t-images-idx3-ubyte\.gz/),
    );
  });
});

describe('NumPy files', () => {
  it('hold bytes or floats, with labels of any integers', async () => {
    const stored = await open(join(GOLDEN, 'stored.npz'), { requireLabels: true });
    expect(stored).toMatchObject({ count: 4, labels: Int32Array.of(2, 0, 1, 0) });
    const bytes = await stored.read([3]);
    expect(bytes).toMatchObject({ height: 6, width: 5, channels: 3 });
    const packed = await open(join(GOLDEN, 'packed.npz'), { requireLabels: true });
    expect(packed).toMatchObject({ count: 4, labels: Int32Array.of(2, 0, 1, 0) });
    const floats = await packed.read([3]);
    expect(floats).toMatchObject({ height: 6, width: 5, channels: 1 });
    expect(Array.from(floats.pixels, (value) => Math.round(255 * value))).toEqual(
      Array.from({ length: 30 }, (_, i) => bytes.pixels[3 * i]),
    );
  });

  const npy = (descr: string, shape: string, data: Uint8Array): Buffer => {
    const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
    const length = Buffer.alloc(2);
    length.writeUInt16LE(text.length);
    return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(text), data]);
  };

  it('have labels.npy beside them', async () => {
    const path = await put('npy/x.npy', npy("'|u1'", '(2, 1, 3)', Uint8Array.of(1, 2, 3, 4, 5, 6)));
    await expect(openImages(path, { requireLabels: true })).rejects.toMatchObject(
      refusal('LABELS_MISSING', /put labels\.npy beside it/),
    );
    await put('npy/labels.npy', npy("'<i8'", '(2,)', new Uint8Array(BigInt64Array.of(5n, 0n).buffer)));
    const images = await open(path);
    expect(images.labels).toEqual(Int32Array.of(5, 0));
    expect((await images.read([1])).pixels).toEqual(Uint8Array.of(4, 5, 6));
    await put('npy/labels.npy', npy("'<i8'", '(2,)', new Uint8Array(BigInt64Array.of(5n, -1n).buffer)));
    await expect(openImages(path)).rejects.toMatchObject(refusal('LABEL_INVALID', /element 1 is -1/));
    await put('npy/labels.npy', npy("'<i8'", '(2,)', new Uint8Array(BigInt64Array.of(2n ** 40n, 0n).buffer)));
    await expect(openImages(path)).rejects.toMatchObject(refusal('OUT_OF_RANGE', /element 0/));
    await put('npy/labels.npy', npy("'<f4'", '(2,)', new Uint8Array(8)));
    await expect(openImages(path)).rejects.toMatchObject(refusal('ARRAY_TYPE', /labels\.npy/));
  });

  it.each([
    ['pickled.npy', 'NPY_PICKLED', /pickled Python objects/],
    ['fortran.npy', 'ARRAY_ORDER', /ascontiguousarray/],
    ['big-endian.npy', 'ARRAY_TYPE', /'>f4'/],
  ])('are refused: %s', async (file, reason, message) => {
    await expect(openImages(join(GOLDEN, file))).rejects.toMatchObject(refusal(reason, message));
  });

  it.each([
    ['flat', npy("'|u1'", '(6,)', new Uint8Array(6)), 'ARRAY_SHAPE', /\[6\]/],
    ['channels', npy("'|u1'", '(1, 3, 8, 8)', new Uint8Array(192)), 'ARRAY_SHAPE', /transpose/],
    ['doubles', npy("'<f8'", '(1, 1, 1)', new Uint8Array(8)), 'ARRAY_TYPE', /uint8 or float32/],
    ['cut', npy("'|u1'", '(1, 2, 2)', new Uint8Array(3)), 'FILE_TRUNCATED', /cut\.npy/],
    ['fields', npy("[('a', '<f4')]", '(1, 1, 1)', new Uint8Array(4)), 'ARRAY_TYPE', /elements of type/],
    ['text', Buffer.from('hello, world'), 'DATASET_FORMAT', /holds no images/],
    ['empty', Buffer.alloc(0), 'DATASET_FORMAT', /holds no images/],
    ['zip', Buffer.from('PK\x03\x04 and nothing else'), 'NPZ_INVALID', /zip\.npy/],
  ])('are refused: %s', async (name, content, reason, message) => {
    const path = await put(`wrong/${name}.npy`, content);
    await expect(openImages(path)).rejects.toMatchObject(refusal(reason, message));
  });

  it('name the image with a pixel that is no share of 1', async () => {
    const path = await put(
      'share/x.npy',
      npy("'<f4'", '(2, 1, 1)', new Uint8Array(Float32Array.of(0.5, 255).buffer)),
    );
    const images = await open(path);
    expect((await images.read([0])).pixels).toEqual(Float32Array.of(0.5));
    await expect(images.read([0, 1])).rejects.toMatchObject(
      refusal('PIXEL_OUT_OF_RANGE', /x\.npy\[1\] has the pixel 255/),
    );
  });

  it('are refused as archives without images, cut, or with other names', async () => {
    const path = join(root, 'cut.npz');
    await copyFile(join(GOLDEN, 'stored.npz'), path);
    await truncate(path, 500);
    await expect(openImages(path)).rejects.toMatchObject(refusal('NPZ_INVALID', /cut\.npz/));
    await expect(openImages(join(GOLDEN, 'decoded.npz'))).rejects.toMatchObject(
      refusal('ARRAY_MISSING', /photo\.png\/colour/),
    );
    await expect(openImages(join(root, 'nowhere'))).rejects.toMatchObject(
      refusal('DATASET_NOT_FOUND', /nowhere/),
    );
  });
});
