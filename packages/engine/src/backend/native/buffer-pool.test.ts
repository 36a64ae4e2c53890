import { tf } from '../../tf.js';
import { setBackend } from '../set-backend.js';
import { BufferPool, type PoolUse } from './buffer-pool.js';
import { NativeBackend } from './native-backend.js';

const MIB = 1 << 18;

describe('a pool', () => {
  test('gives the memory of what came back, for any length of that size', () => {
    const pool = new BufferPool();
    const first = pool.take(MIB);
    pool.give(first);
    const second = pool.take(MIB - 1000);
    expect(second.buffer).toBe(first.buffer);
    expect(second).toHaveLength(MIB - 1000);
    expect(pool.use).toMatchObject({ free: 0, made: 1 });
  });

  test('makes another array while the first is in use', () => {
    const pool = new BufferPool();
    expect(pool.take(MIB).buffer).not.toBe(pool.take(MIB).buffer);
    expect(pool.use.made).toBe(2);
  });

  test('wastes an eighth of an array at most', () => {
    const pool = new BufferPool();
    for (const length of [4096, 4097, 5000, 8191, 100_000, 1_234_567]) {
      const { buffer } = pool.take(length);
      expect(buffer.byteLength).toBeGreaterThanOrEqual(length * 4);
      expect(buffer.byteLength).toBeLessThanOrEqual(Math.ceil(length * 4.5));
    }
  });

  test('lets unused memory go when other sizes are wanted', () => {
    const pool = new BufferPool();
    for (let i = 0; i < 100; i += 1) {
      const array = pool.take(MIB * 2 ** (i % 5));
      const { used, free } = pool.use;
      expect(used + free).toBeLessThanOrEqual(1.25 * 16 * 4 * MIB);
      pool.give(array);
    }
  });

  test('keeps no small arrays', () => {
    const pool = new BufferPool();
    pool.give(pool.take(10));
    expect(pool.use).toEqual({ used: 0, free: 0, made: 0 });
  });
});

describe('tensors of the native backend', () => {
  beforeAll(() => setBackend('native'));
  const pool = (): PoolUse => {
    const backend: unknown = tf.backend();
    if (!(backend instanceof NativeBackend)) throw new Error('another backend runs');
    return backend.poolUse;
  };
  const SHAPE: [number, number] = [128, 256];

  test('that are gone leave their memory to the next ones', () => {
    const x = tf.ones(SHAPE);
    const run = (): void => {
      tf.dispose(tf.tidy(() => tf.exp(tf.neg(x))));
    };
    run();
    const { made, used } = pool();
    for (let i = 0; i < 10; i += 1) run();
    expect(pool()).toMatchObject({ made, used });
    x.dispose();
  });

  test('that were read keep their values', async () => {
    const x = tf.ones(SHAPE);
    const y = tf.neg(x);
    const values = await y.data();
    y.dispose();
    tf.dispose([tf.exp(x), tf.square(x)]);
    expect(values.every((value) => value === -1)).toBe(true);
    x.dispose();
  });

  test('that are views of others keep their values', async () => {
    const [x, y] = [tf.neg(tf.ones(SHAPE)), tf.ones(SHAPE)];
    const views = [tf.reshape(x, [-1]), tf.clone(x), tf.slice(x, [0, 0], SHAPE), tf.transpose(x, [0, 1])];
    x.dispose();
    tf.dispose([tf.exp(y), tf.square(y), tf.exp(y)]);
    for (const view of views) expect((await view.data()).every((value) => value === -1)).toBe(true);
    tf.dispose([...views, y]);
  });

  test('of a kernel that fails cost nothing', () => {
    const x = tf.ones(SHAPE);
    const before = pool().used;
    expect(() => tf.gather(x, tf.tensor1d([0, 1000], 'int32'))).toThrow(/1000/);
    expect(pool().used).toBe(before);
    x.dispose();
  });
});
