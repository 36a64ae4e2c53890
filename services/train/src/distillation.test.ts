import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DigestCache } from '@eigenloom/checkpoint';
import type { train } from '@eigenloom/contracts';
import { trainKind } from './kind.js';
import { lineageOf } from './output/lineage.js';
import { resolvePlan } from './plan/resolve-plan.js';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  TINY_LLAMA,
  writeExamples,
} from './testing/tiny-runs.js';

let folder: string;
let data: string;
/** Trained on the same classes, which its head has in another order. */
let teacher: string;
beforeAll(async () => {
  folder = await newFolder();
  data = await writeExamples(folder, 'train.jsonl', 32);
  const labels = ['spam', 'ham'];
  const request = fromTeacher('teacher', {
    distillation: undefined,
    sequenceClassification: { labels },
    maxSteps: 60,
  });
  teacher = (await trainKind.run(request, contextIn(join(folder, 'scratch-teacher')))).artifact!.uri;
});
afterAll(() => rm(folder, { recursive: true }));

const STUDENT = { sequenceClassification: { labels: ['ham', 'spam'] } };

const fromTeacher = (out: string, changes: object = {}): train.TrainRequest =>
  requestOf({
    outputUri: join(folder, out),
    model: { uri: TINY_BERT },
    trainData: { uri: data },
    validationData: { uri: data },
    distillation: { ...STUDENT, teacher: { uri: teacher } },
    full: {},
    batching: { batchSize: 8, maxLength: 32 },
    optimizer: { learningRate: 0.01 },
    maxSteps: 12,
    checkpointSteps: 4,
    ...changes,
  });

/** Runs a job; with `until` it is stopped after that step. */
async function run(request: train.TrainRequest, scratch: string, until?: number): Promise<string> {
  await mkdir(scratch, { recursive: true });
  const abort = new AbortController();
  const context = contextIn(scratch, abort.signal, ({ metrics }) => {
    if (until !== undefined && metrics?.['step'] === until) abort.abort();
  });
  await trainKind.run(request, { ...context, digests: new DigestCache(join(folder, 'digests')) });
  return request.outputUri;
}

/** A copy of a model with some keys of a file changed. */
async function changed(
  model: string,
  name: string,
  file: string,
  change: (json: Json) => Json,
): Promise<string> {
  const copy = join(folder, name);
  await cp(model, copy, { recursive: true });
  const path = join(copy, file);
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Json)));
  return copy;
}
type Json = Record<string, unknown>;

it('learns from the scores alone, whatever the order of the classes, and says who taught it', async () => {
  const terms = { ...STUDENT, teacher: { uri: teacher }, logitWeight: 1, featureWeight: 0.01 };
  const out = await run(
    fromTeacher('student', { distillation: terms, maxSteps: 60 }),
    join(folder, 'scratch-student'),
  );
  const { losses, evaluations } = await runReport(out);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  // The labels have no share: the classes come from the teacher, whose rows are in the other order.
  expect(evaluations.at(-1)!.accuracy).toBeGreaterThan(0.9);
  const [first] = (await readFile(join(out, 'training_log.jsonl'), 'utf8')).split('\n');
  expect(Object.keys((JSON.parse(first!) as { losses: Json }).losses)).toEqual([
    ...['cross_entropy', 'distillation', 'feature_distance'],
  ]);
  expect(await readFile(join(out, 'README.md'), 'utf8')).toContain('distilled from a teacher');
});

it('has the teacher in its lineage, and resumes with that teacher only, to the same bytes', async () => {
  const copy = join(folder, 'teacher-copy');
  await cp(teacher, copy, { recursive: true });
  const distillation = { ...STUDENT, teacher: { uri: copy } };
  const whole = await run(fromTeacher('whole', { distillation }), join(folder, 'scratch-whole'));
  const request = fromTeacher('resumed', { distillation });
  const scratch = join(folder, 'scratch-resumed');
  await expect(run(request, scratch, 6)).rejects.toMatchObject({ kind: 'CANCELLED' });
  const context = contextIn(scratch);
  const { inputs } = await lineageOf(await resolvePlan(request, context), context);
  const names = Object.keys(inputs).filter((name) => name.startsWith('teacher/'));
  expect(names).toEqual(expect.arrayContaining(['teacher/model.safetensors', 'teacher/config.json']));
  const path = join(copy, 'model.safetensors');
  const before = await readFile(path);
  const other = Buffer.from(before);
  other[other.length - 1]! ^= 1;
  await writeFile(path, other);
  await expect(run(request, scratch)).rejects.toMatchObject({
    reason: 'INPUT_CHANGED',
    message: expect.stringContaining('teacher/model.safetensors has changed') as string,
  });
  await writeFile(path, before);
  const resumed = await run(request, scratch);
  for (const name of ['model.safetensors', 'training_log.jsonl']) {
    expect(await readFile(join(resumed, name))).toEqual(await readFile(join(whole, name)));
  }
});

it('counts the weights and the passes of the teacher', async () => {
  const context = contextIn(folder);
  const alone = await trainKind.estimate(fromTeacher('-', { distillation: undefined, ...STUDENT }), context);
  const taught = await trainKind.estimate(fromTeacher('-'), context);
  expect(taught.durationSeconds / alone.durationSeconds).toBeCloseTo(8 / 6, 2);
  // The teacher has two rows of a head where the model has three.
  const weights = taught.memoryBytes - alone.memoryBytes;
  expect(Number(weights)).toBe(Number(taught.readBytes - alone.readBytes));
  expect(Number(weights)).toBeGreaterThan(4 * 5000);
});

describe('a teacher that the student cannot be held against is refused by validation', () => {
  const refused = async (distillation: object, changes: object = {}): Promise<unknown> =>
    trainKind.validate(fromTeacher('-', { distillation, ...changes }), contextIn(folder)).then(
      () => undefined,
      (error: unknown) => error,
    );
  const at = (field: string, reason: string, message = ''): object =>
    expect.objectContaining({
      reason,
      fieldViolations: [expect.objectContaining({ field }) as unknown],
      message: expect.stringContaining(message) as unknown,
    }) as object;

  it('for what it is', async () => {
    const where = 'distillation.teacher.uri';
    const byClass = (uri: string): object => ({ ...STUDENT, teacher: { uri } });
    expect(await refused(byClass(teacher))).toBeUndefined();
    expect(await refused(byClass(join(folder, 'nowhere')))).toEqual(at(where, 'FILE_NOT_FOUND'));
    expect(await refused(byClass(TINY_BERT))).toEqual(
      at(where, 'CLASSES_DIFFER', 'the classes ham, spam, other'),
    );
    expect(
      await refused({ ...byClass(teacher), sequenceClassification: { labels: ['ham', 'spam', 'x'] } }),
    ).toEqual(at(where, 'CLASSES_DIFFER', 'and not "x"'));
    const nameless = await changed(teacher, 'nameless', 'config.json', (json) => ({
      ...json,
      id2label: {},
      label2id: {},
    }));
    expect(await refused(byClass(nameless))).toEqual(at(where, 'CLASSES_DIFFER', '2 classes without names'));
    const strange = await changed(teacher, 'strange', 'tokenizer.json', (json) => {
      const { vocab } = json['model'] as { vocab: Record<string, number> };
      const [first, second] = Object.keys(vocab).slice(10, 12) as [string, string];
      [vocab[first], vocab[second]] = [vocab[second]!, vocab[first]!];
      return json;
    });
    expect(await refused(byClass(strange))).toEqual(at(where, 'VOCABULARY_DIFFERS', 'token 10 is'));
    // A step of a pipeline could not be checked before.
    const step = fromTeacher('never', { distillation: byClass(strange) });
    await expect(run(step, join(folder, 'scratch-never'))).rejects.toEqual(at(where, 'VOCABULARY_DIFFERS'));
  });

  it('for what is taken from it', async () => {
    const features = { ...STUDENT, teacher: { uri: TINY_LLAMA }, logitWeight: 0, featureWeight: 1 };
    expect(await refused(features)).toEqual(
      at('distillation.feature_weight', 'FEATURES_DIFFER', "32 numbers, the model's 16"),
    );
    const scores = { ...STUDENT, teacher: { uri: TINY_LLAMA } };
    expect(await refused(scores)).toEqual(at('distillation.teacher.uri', 'NO_CLASSIFIER'));
    const next = { causalLanguageModeling: {}, teacher: { uri: TINY_BERT } };
    const llama = { model: { uri: TINY_LLAMA }, batching: { batchSize: 8, maxLength: 48 } };
    expect(await refused(next, llama)).toEqual(at('batching.max_length', 'OUT_OF_RANGE', '32 positions'));
    const short = { ...llama, batching: { batchSize: 8, maxLength: 32 } };
    expect(await refused(next, short)).toEqual(at('distillation.teacher.uri', 'NO_LANGUAGE_HEAD'));
  });
});
