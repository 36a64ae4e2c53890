import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';
import { setBackend, tf } from '@eigenloom/engine';
import type { ForwardOptions } from './forward/forward-pass.js';
import { meanCrossEntropy } from './forward/losses.js';
import { nextTokenLoss, scoredTogether, scoreNextTokens } from './language-loss.js';
import { loadNetwork, type Network, nextTokens } from './network.js';
import { makeBatch } from './tokens/batch.js';

const TINY_LLAMA = join(__dirname, '..', '..', '..', 'tests', 'golden', 'models', 'tiny-llama');
// Of several lengths, so that some positions have no next token.
const BATCH = makeBatch(
  [
    [3, 5, 7, 9, 11],
    [4, 6],
    [13, 2, 21],
  ].map((ids) => Int32Array.from(ids)),
  0,
);
const TOGETHER = 4;

let network: Network;
beforeAll(async () => {
  await setBackend('native');
  network = await loadNetwork(await openModel(TINY_LLAMA));
});
afterAll(() => {
  network.dispose();
});

const bits = (tensor: tf.Tensor): Uint8Array =>
  new Uint8Array(Float32Array.from(tensor.dataSync<'float32'>()).buffer);

it('is the loss of all scores, with its gradients, in parts', () => {
  const norm = network.parameters.train('model.norm.weight');
  const parts: number[] = [];
  const part: NonNullable<ForwardOptions['part']> = (x, run) => {
    const y = run(x);
    if (y.shape[1] === 1) parts.push(y.shape[0]);
    return y;
  };
  const of = (loss: () => tf.Scalar): Uint8Array[] => {
    const { value, grads } = tf.variableGrads(loss, [norm]);
    return [bits(value), bits(grads[norm.name] ?? tf.zeros([0]))];
  };
  const whole = of(() => meanCrossEntropy(network.languageLogits(BATCH), nextTokens(BATCH)));
  expect(of(() => nextTokenLoss(network, BATCH, { part }, TOGETHER))).toEqual(whole);
  expect(parts).toEqual([4, 4, 4, 3]);
});

it('scores some positions at a time as all at once', async () => {
  const scores = tf.tidy(() => network.languageLogits(BATCH).arraySync());
  const labels = nextTokens(BATCH);
  let [loss, right, count] = [0, 0, 0];
  labels.forEach((label, row) => {
    if (label < 0) return;
    const own = scores[row] ?? [];
    loss += Math.log(own.reduce((sum, score) => sum + Math.exp(score), 0)) - (own[label] ?? NaN);
    right += own.indexOf(Math.max(...own)) === label ? 1 : 0;
    count += 1;
  });
  const before = tf.memory().numTensors;
  for (const together of [TOGETHER, 100]) {
    const found = await scoreNextTokens(network, BATCH, {}, together);
    expect(found).toMatchObject({ right, count });
    expect(found.loss).toBeCloseTo(loss, 4);
  }
  expect(tf.memory().numTensors).toBe(before);
  expect(count).toBe(7);
});

it('holds 64 MiB of scores at a time', () => {
  expect(scoredTogether(49_152)).toBe(341);
  expect(scoredTogether(2 ** 25)).toBe(1);
});
