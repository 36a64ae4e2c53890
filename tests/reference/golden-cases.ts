import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { mergeKind } from '@eigenloom/merge-service';
import { SafetensorsFile } from '@eigenloom/numeric';
import { type JobsClient, startEmbedded } from '@eigenloom/runtime';
import { beyondMergeBounds } from '@eigenloom/testkit';

const GOLDEN = resolve('tests/golden/mergekit');

/** How the cases of a method came out. */
export interface Conformance {
  readonly cases: number;
  readonly passed: number;
  /** Largest |ours − mergekit's| over the largest value of the tensor, of the float32 cases. */
  readonly largest: number;
}

interface Outcome {
  readonly method: string;
  readonly beyond: number;
  readonly largest: number;
}

/** Runs every case of tests/golden/mergekit through the job runtime. By the id of the method. */
export async function runGoldenCases(): Promise<ReadonlyMap<string, Conformance>> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-reference-'));
  const options = { kinds: [mergeKind], dataFolder: join(folder, 'data'), roots: [GOLDEN, folder] };
  const start = process.cwd();
  // mergekit's paths are relative to where it runs.
  process.chdir(GOLDEN);
  const client = await startEmbedded(options);
  try {
    const files = (await readdir('cases')).filter((name) => name.endsWith('.yaml'));
    const results = new Map<string, Conformance>();
    for (const file of files.sort()) {
      const { method, beyond, largest } = await runCase(client, file.slice(0, -'.yaml'.length), folder);
      const before = results.get(method) ?? { cases: 0, passed: 0, largest: 0 };
      results.set(method, {
        cases: before.cases + 1,
        passed: before.passed + (beyond === 0 ? 1 : 0),
        largest: Math.max(before.largest, largest),
      });
    }
    return results;
  } finally {
    process.chdir(start);
    await client.close();
    await rm(folder, { recursive: true });
  }
}

async function runCase(client: JobsClient, name: string, folder: string): Promise<Outcome> {
  const config = await readFile(`cases/${name}.yaml`, 'utf8');
  const outputUri = join(folder, name);
  const request = merge.MergeRequest.fromJSON({ mergekit: { config }, outputUri });
  const { name: job } = await client.submit('merge', request);
  for await (const { done, error } of client.watch(job)) {
    if (done && error !== undefined) throw error;
  }
  const result = await openModel(outputUri);
  const expected = await SafetensorsFile.open(`cases/${name}.safetensors`);
  let [beyond, largest] = [0, 0];
  for (const [tensor, { dtype }] of expected.tensors) {
    const [ours, theirs] = [await result.read(tensor, 'f32'), await expected.read(tensor, 'f32')];
    beyond += beyondMergeBounds(ours, theirs, dtype);
    if (dtype === 'F32') largest = Math.max(largest, largestDifference(ours, theirs));
  }
  const method = /^merge_method: (\w+)/m.exec(config)?.[1] ?? '';
  return { method, beyond, largest };
}

function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  const top = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    theirs.reduce((most, value, i) => Math.max(most, Math.abs((ours[i] ?? NaN) - value)), 0) / (top || 1)
  );
}
