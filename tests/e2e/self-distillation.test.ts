import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { digestsOf } from './support/life-cycle.js';

const REPOSITORY = join(__dirname, '../..');
const EXAMPLE = 'examples/recipes/self-distillation.yaml';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of ['examples', 'tests']) await symlink(join(REPOSITORY, name), join(folder, name));
});
afterAll(() => removeFolder(folder));

interface Manifest {
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly inputs: Readonly<Record<string, string>>;
}

const run = async (out: string): Promise<Record<string, string>> => {
  const recipe = await readFile(join(REPOSITORY, EXAMPLE), 'utf8');
  const line = /^# {3}eigenloom (.*)$/m.exec(recipe)?.[1] ?? '';
  const args = line.replace('out/self-distillation', out).split(' ');
  return digestsOf((await succeed([...args, '--json'], folder)).stdout);
};

it('runs as its comment says: the student has the first stage as its teacher, and the last stage tunes the student', async () => {
  const digests = await run('out/first');
  expect(Object.keys(digests).sort()).toEqual(['student', 'teacher', 'tuned']);
  expect(new Set(Object.values(digests)).size).toBe(3);
  const manifest = async (step: string): Promise<Manifest> =>
    JSON.parse(await readFile(join(folder, 'out/first', step, 'manifest.json'), 'utf8')) as Manifest;
  const weightsOf = async (step: string): Promise<string> =>
    (await manifest(step)).files.find(({ path }) => path === 'model.safetensors')!.sha256;
  const [student, tuned] = [await manifest('student'), await manifest('tuned')];
  expect(student.inputs['teacher/model.safetensors']).toBe(await weightsOf('teacher'));
  expect(student.inputs['model/model.safetensors']).toBe(
    (await manifest('teacher')).inputs['model/model.safetensors'],
  );
  expect(tuned.inputs['model/model.safetensors']).toBe(await weightsOf('student'));
  const log = await readFile(join(folder, 'out/first/student/training_log.jsonl'), 'utf8');
  const [first] = log.split('\n');
  // The student starts where its teacher started, and away from where it ended.
  const { losses } = JSON.parse(first!) as { losses: Record<string, number> };
  expect(losses['feature_distance']).toBeGreaterThan(0);
  // Jobs have names of their own in every run; results do not depend on them.
  expect(await run('out/second')).toEqual(digests);
});
