import { digestsOf } from '@eigenloom/checkpoint';
import type { analysis } from '@eigenloom/contracts';
import type { JobContext } from '@eigenloom/runtime';
import { planAnalysis } from './plan.js';
import { writeFindings } from './write.js';

/** Runs a study and commits its report. */
export async function runAnalysis(
  request: analysis.AnalyzeRequest,
  context: JobContext,
): Promise<analysis.AnalyzeResponse> {
  const { method, study } = await planAnalysis(request, context);
  const findings = await study.run({
    method,
    seed: request.seed,
    signal: context.signal,
    progress: (update) => {
      context.progress(update);
    },
  });
  const inputs = await digestsOf(await study.files(), context);
  const result = await context.commit('', request.outputUri, { inputs }, (staging) =>
    writeFindings(staging, method, findings),
  );
  return { result, metrics: numbersOf(findings.report.metrics) };
}

/** A metric that cannot be given has no place in a response. */
const numbersOf = (metrics: Readonly<Record<string, number | null>>): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== null));
