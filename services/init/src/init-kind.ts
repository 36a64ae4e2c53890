import { join } from 'node:path';

import { ADAPTER_FILES } from '@eigenloom/checkpoint';
import type { common, init } from '@eigenloom/contracts';
import { sha256File } from '@eigenloom/numeric';
import type { JobContext, JobKind, Lineage } from '@eigenloom/runtime';
import { type InitPlan, planInit } from './init-plan.js';
import { METHODS } from './methods/index.js';
import type { Pair } from './methods/method.js';
import { startPairs } from './start-pairs.js';
import { writeResidual, writeStart } from './write-start.js';

/** Operations per second on two busy cores, measured on a model of 384×384 and 384×1536 matrices. */
const DECOMPOSITION_RATE = 4e9;
const FORWARD_RATE = 2e10;
const F32 = 4;
const F64 = 8;

/** The work of the init service. */
export const initKind: JobKind<'init'> = {
  kind: 'init',
  methods: METHODS.map(({ id, summary, paper }) => ({ id, summary, paper })),
  async validate(request, context) {
    await planInit(request, context);
  },
  async estimate(request, context) {
    return estimateOf(await planInit(request, context), request);
  },
  async run(request, context) {
    const plan = await planInit(request, context);
    const pairs = await startPairs(plan, {
      signal: context.signal,
      progress: (update) => {
        context.progress(update);
      },
    });
    const lineage = await lineageOf(plan, context.signal);
    const residual = await commitResidual(plan, request, pairs, lineage, context);
    const adapter = await context.commit('', request.outputUri, lineage, (staging) =>
      writeStart(staging, plan, request, pairs, context.signal),
    );
    const ranks = Object.fromEntries([...pairs].map(([path, { rank }]) => [path, rank]));
    return { adapter, residual, ranks };
  },
};

/** The base that remains, where there is one and the request says where it goes (`job:` means the artifact store). */
async function commitResidual(
  plan: InitPlan,
  { residualUri }: init.InitAdapterRequest,
  pairs: ReadonlyMap<string, Pair>,
  lineage: Lineage,
  context: JobContext,
): Promise<common.Artifact | undefined> {
  if (!plan.changesBase || residualUri === '') return undefined;
  const onProgress = (fraction: number): void => {
    context.progress({ fraction, phase: 'writing the residual' });
  };
  return context.commit('residual', residualUri, lineage, (staging) =>
    writeResidual(staging, plan, pairs, { signal: context.signal, onProgress }),
  );
}

async function lineageOf({ model, adapterPaths, start }: InitPlan, signal: AbortSignal): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  for (const [name, path] of model.weightFiles) inputs[`model/${name}`] = await sha256File(path, { signal });
  for (const [index, folder] of adapterPaths.entries()) {
    for (const name of ADAPTER_FILES) {
      inputs[`model/adapters/${index}/${name}`] = await sha256File(join(folder, name), { signal });
    }
  }
  if (start.scope === 'activations') inputs['data'] = await sha256File(start.dataPath, { signal });
  return { inputs };
}

function estimateOf(
  { start, targets, settings, model, changesBase }: InitPlan,
  request: init.InitAdapterRequest,
): common.Estimate {
  const elements = [...model.tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const stored = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const largest = targets.reduce((most, { rows, columns }) => Math.max(most, rows * columns), 0);
  const pairs = targets.reduce((sum, { rows, columns }) => sum + settings.rank * (rows + columns) * F32, 0);
  const notes = (model.notes ?? []).map((note) => `model: ${note}`);
  const writesResidual = changesBase && request.residualUri !== '';
  if (start.scope === 'layer') {
    const operations = targets.reduce((sum, target) => sum + start.operations(target, settings.rank), 0);
    const read = start.needsWeight ? stored : 0;
    return {
      durationSeconds: operations / DECOMPOSITION_RATE,
      memoryBytes: BigInt(pairs + (start.needsWeight ? 4 * F64 * largest : 0)),
      diskBytes: BigInt(pairs + (writesResidual ? stored : 0)),
      readBytes: BigInt(read + (writesResidual ? stored : 0)),
      notes,
    };
  }
  // The number of texts is not known without reading them: as many batches as are allowed, or ten.
  const { batchSize, maxLength, maxBatches } = start.settings;
  const batches = maxBatches > 0 ? maxBatches : 10;
  const tokens = batchSize * maxLength;
  const widths = targets.reduce((sum, { columns }) => sum + columns, 0);
  const components = 40 * tokens * widths * settings.rank * start.settings.rho;
  return {
    durationSeconds: batches * ((2 * elements * tokens) / FORWARD_RATE + components / DECOMPOSITION_RATE),
    memoryBytes: BigInt(elements * F32 + tokens * widths * F32 + pairs),
    diskBytes: BigInt(pairs),
    readBytes: BigInt(stored),
    notes,
  };
}
