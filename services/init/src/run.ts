import { adapterFiles, allFiles, dataFiles, digestsOf, modelFiles } from '@eigenloom/checkpoint';
import type { common, init } from '@eigenloom/contracts';
import type { JobContext, Lineage } from '@eigenloom/runtime';
import { type InitPlan, inOrder, planInit } from './plan.js';
import { reportOf } from './report.js';
import { startFactors } from './start-factors.js';
import type { Pair } from './start.js';
import { writeResidual, writeStart } from './write.js';

/** Starts the pairs and commits the adapter and what remains of the base. */
export async function runInit(
  request: init.InitAdapterRequest,
  context: JobContext,
): Promise<init.InitAdapterResponse> {
  const plan = await planInit(request, context);
  const pairs = inOrder(
    await plan.start.run(plan, {
      signal: context.signal,
      progress: (update) => {
        context.progress(update);
      },
    }),
  );
  const lineage = await lineageOf(plan, context);
  const residual = await commitResidual(plan, request, pairs, lineage, context);
  const started = await startFactors(plan, pairs, context.signal);
  const report = reportOf(plan, started);
  const adapter = await context.commit('', request.outputUri, lineage, (staging) =>
    writeStart(staging, plan, request, started, report, context.signal),
  );
  return { adapter, residual, metrics: report.metrics };
}

/** The base that remains, where there is one and the request says where it goes (`job:` means the artifact store). */
async function commitResidual(
  plan: InitPlan,
  { residualUri }: init.InitAdapterRequest,
  pairs: ReadonlyMap<string, Pair>,
  lineage: Lineage,
  context: JobContext,
): Promise<common.Artifact | undefined> {
  if (!plan.start.changesBase || residualUri === '') return undefined;
  const onProgress = (fraction: number): void => {
    context.progress({ fraction, phase: 'writing the residual' });
  };
  return context.commit('residual', residualUri, lineage, (staging) =>
    writeResidual(staging, plan, pairs, { signal: context.signal, onProgress }),
  );
}

async function lineageOf(
  { model, adapterPaths, dataPaths }: InitPlan,
  context: JobContext,
): Promise<Lineage> {
  const folded = adapterPaths.map((folder, index) => adapterFiles(`model/adapters/${index}`, folder));
  const data = [...dataPaths].map(([field, path]) => dataFiles(field, path));
  const files = allFiles(await modelFiles('model', model), ...(await Promise.all([...folded, ...data])));
  return { inputs: await digestsOf(files, context) };
}
