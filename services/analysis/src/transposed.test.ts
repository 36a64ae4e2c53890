import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SafetensorsWriter } from '@eigenloom/numeric';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import { analysisKind } from './kind.js';
import { reportIn, rowsOf, weightRequest } from './testing/requests.js';

let folder: string;
let runtime: JobsClient;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transposed-'));
  runtime = await startEmbedded({
    kinds: [analysisKind],
    dataFolder: join(folder, 'data'),
    roots: [folder],
  });
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

const [OUT, IN] = [5, 4];
type At = (out: number, input: number) => number;
// Full rank, and with other left than right singular vectors.
const base: At = (i, j) => Math.sin(1 + i * 7 + j * 3) + (i === j ? 2 : 0);
const tuned: At = (i, j) => base(i, j) + (i === 4 && j === 1 ? 3 : 0);

/** One module and a head, stored as the family stores them. */
async function write(name: string, value: At, modelType: string): Promise<string> {
  const directory = join(folder, name);
  await mkdir(directory);
  await writeFile(join(directory, 'config.json'), JSON.stringify({ model_type: modelType }));
  const transposed = modelType === 'gpt2';
  const [rows, columns] = transposed ? [IN, OUT] : [OUT, IN];
  const cells = (at: At, width: number): Float64Array =>
    Float64Array.from({ length: OUT * IN }, (_, n) => at(Math.floor(n / width), n % width));
  const plans = [
    { name: 'h.0.mlp.c_fc.weight', dtype: 'F64' as const, shape: [rows, columns] },
    { name: 'lm_head.weight', dtype: 'F64' as const, shape: [OUT, IN] },
  ];
  const writer = await SafetensorsWriter.create(join(directory, 'model.safetensors'), plans);
  await writer.write(
    'h.0.mlp.c_fc.weight',
    cells(transposed ? (i, j): number => value(j, i) : value, columns),
  );
  await writer.write('lm_head.weight', cells(value, IN));
  await writer.finish();
  return directory;
}

type Row = Readonly<Record<string, unknown>>;

async function intrudersOf(family: string): Promise<readonly Row[]> {
  const uri = await write(`${family}-tuned`, tuned, family);
  const baseUri = await write(`${family}-base`, base, family);
  const outputUri = join(folder, `${family}-out`);
  const request = { model: { uri }, base: { uri: baseUri }, outputUri };
  const asked = weightRequest('intruders', request, { k: 3, epsilon: 0.95 });
  const { name } = await runtime.submit('analysis', asked);
  expect((await runtime.wait(name)).error).toBeUndefined();
  return rowsOf(await reportIn(outputUri), 'tensors');
}

test('intruders are sought on the side of the outputs, however a family stores its weights', async () => {
  const [ordinary = {}, head = {}] = await intrudersOf('llama');
  const [transposed = {}, ofTransposed = {}] = await intrudersOf('gpt2');
  expect(head['max_cosine']).toEqual(ordinary['max_cosine']);
  expect(transposed['max_cosine']).toEqual(ordinary['max_cosine']);
  expect(ofTransposed).toEqual(head);
  expect(transposed['intruders']).toEqual(ordinary['intruders']);
});

test('no cosine is above 1', async () => {
  const uri = await write('same', base, 'llama');
  const outputUri = join(folder, 'same-out');
  const { name } = await runtime.submit(
    'analysis',
    weightRequest('intruders', { model: { uri }, base: { uri }, outputUri }, { k: 3, epsilon: 0.5 }),
  );
  await runtime.wait(name);
  for (const { max_cosine: cosines } of rowsOf(await reportIn(outputUri), 'tensors')) {
    expect(cosines).toHaveLength(3);
    for (const cosine of cosines as number[]) {
      expect(cosine).toBeGreaterThan(1 - 1e-12);
      expect(cosine).toBeLessThanOrEqual(1);
    }
  }
});
