import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/adapters';
import { EXAMPLE_KINDS, planNetwork } from '@eigenloom/models';
import { writeReport, type Report } from '@eigenloom/report';
import type { TrainingOutput } from '../loop/messages.js';
import type { TrainPlan } from '../plan/train-plan.js';
import { writeTrainedAdapter } from './write-adapter.js';
import { writeFullModel } from './write-full-model.js';

/** Writes the adapter or the model that was trained, and the report. */
export async function writeResult(
  staging: string,
  plan: TrainPlan,
  output: TrainingOutput,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { method } = plan;
  if (method.kind === 'adapter') await writeTrainedAdapter(staging, plan, method, output, signal);
  else await writeFullModel(staging, plan, output, signal);
  await writeBeside(staging, plan, signal);
  await writeReport(staging, report);
}

/** Puts beside the weights what others need to read examples as it was trained on, where it is not there. */
async function writeBeside(
  staging: string,
  { modelPath: directory }: TrainPlan,
  signal: AbortSignal,
): Promise<void> {
  const network = planNetwork(await openModel(directory, { signal }));
  const files = await EXAMPLE_KINDS[network.family.input].filesBeside({ directory, network });
  const there = new Set(await readdir(staging));
  for (const [name, text] of files) {
    if (!there.has(name)) await writeFile(join(staging, name), text, { flag: 'wx' });
  }
}
