import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { mergeKind } from '@eigenloom/merge-service';
import { SafetensorsFile } from '@eigenloom/numeric';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import { beyondMergeBounds } from '@eigenloom/testkit';

/** How one configuration came out, against the tensors that mergekit made of it. */
export interface CaseOutcome {
  /** File name without its ending. */
  readonly name: string;
  /** `merge_method`. */
  readonly method: string;
  /** Elements beyond the bounds: float32 within 1e-6 of the tensor's largest value, bf16 within one step. */
  readonly beyond: number;
  readonly elements: number;
  /** Largest |ours − mergekit's| over the largest value of the tensor, of what is stored in float32. */
  readonly largest: number;
  /** Why there is nothing to compare. */
  readonly error?: string;
}

/**
 * Runs the configurations `folder/cases/NAME.yaml` that have a `NAME.safetensors` through the job runtime. Model paths are relative
 * to `folder`, which is the working directory meanwhile.
 */
export async function runMergekitCases(folder: string): Promise<CaseOutcome[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'eigenloom-cases-'));
  const start = process.cwd();
  process.chdir(folder);
  const options = { kinds: [mergeKind], dataFolder: join(scratch, 'data'), roots: [folder, scratch] };
  const client = await startEmbedded(options);
  try {
    const outcomes: CaseOutcome[] = [];
    for (const file of (await readdir('cases')).sort()) {
      if (!file.endsWith('.safetensors')) continue;
      outcomes.push(await runCase(client, file.slice(0, -'.safetensors'.length), scratch));
    }
    return outcomes;
  } finally {
    process.chdir(start);
    await client.close();
    await rm(scratch, { recursive: true });
  }
}

async function runCase(client: JobsClient, name: string, scratch: string): Promise<CaseOutcome> {
  const config = await readFile(`cases/${name}.yaml`, 'utf8');
  const method = /^merge_method: (\w+)/m.exec(config)?.[1] ?? '';
  const outputUri = join(scratch, name);
  try {
    await runToEnd(client, merge.MergeRequest.fromJSON({ mergekit: { config }, outputUri }));
    return { name, method, ...(await compare(outputUri, `cases/${name}.safetensors`)) };
  } catch (error) {
    return { name, method, beyond: 0, elements: 0, largest: 0, error: String(error) };
  } finally {
    await rm(outputUri, { recursive: true, force: true });
  }
}

async function runToEnd(client: JobsClient, request: merge.MergeRequest): Promise<void> {
  const { name } = await client.submit('merge', request);
  for await (const { done, error } of client.watch(name)) {
    if (done && error !== undefined) throw error;
  }
}

async function compare(
  folder: string,
  file: string,
): Promise<Pick<CaseOutcome, 'beyond' | 'elements' | 'largest'>> {
  const result = await openModel(folder);
  const expected = await SafetensorsFile.open(file);
  const names = [...expected.tensors.keys()].sort();
  if ([...result.tensors.keys()].sort().join() !== names.join()) throw new Error('other tensors');
  let [beyond, elements, largest] = [0, 0, 0];
  for (const [tensor, { dtype, shape }] of expected.tensors) {
    const own = result.tensors.get(tensor);
    if (own?.dtype !== dtype || own.shape.join() !== shape.join()) throw new Error(`${tensor}: other type`);
    const [ours, theirs] = [await result.read(tensor, 'f32'), await expected.read(tensor, 'f32')];
    beyond += beyondMergeBounds(ours, theirs, dtype);
    elements += theirs.length;
    if (dtype === 'F32') largest = Math.max(largest, largestDifference(ours, theirs));
  }
  return { beyond, elements, largest };
}

function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  const top = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    theirs.reduce((most, value, i) => Math.max(most, Math.abs((ours[i] ?? NaN) - value)), 0) / (top || 1)
  );
}
