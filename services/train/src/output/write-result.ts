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
  await writeReport(staging, report);
}
