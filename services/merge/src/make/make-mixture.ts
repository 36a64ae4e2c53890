import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { type WrittenDigests, opening } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { AppError } from '@eigenloom/errors';
import { loadTokenizer } from '@eigenloom/models';
import type { Report } from '@eigenloom/report';
import type { JobContext, Lineage, RequestContext } from '@eigenloom/runtime';

import { foldInputs } from '../fold/fold-inputs.js';
import type { Mixture } from '../methods/mixture-of-experts.js';
import { estimateMixture } from '../mixture/estimate.js';
import { type MixturePlan, planMixture } from '../mixture/plan.js';
import { degenerateLayers, routersOf } from '../mixture/routers.js';
import { inputsOf } from '../plan/planned.js';
import { networkOf } from '../prepare/statistics/network-of.js';
import { InputDigests } from '../run/input-digests.js';
import { lineageOf } from '../run/lineage.js';
import { mergeReport, responseOf, writeMergeReport } from '../write/merge-report.js';
import { modelCard } from '../write/model-card.js';
import { writeMerged } from '../write/write-merged.js';
import type { Maker } from './maker.js';

/** Plans, and checks that the base can do what the routers need. */
async function planned(
  request: merge.MergeRequest,
  method: Mixture,
  context: RequestContext,
): Promise<MixturePlan> {
  const plan = await planMixture(request, method, context);
  const { gateMode } = method;
  if (gateMode !== merge.GateMode.RANDOM) {
    const place = { field: 'base.uri', uri: request.base?.uri ?? '' };
    await opening(place, () => loadTokenizer(plan.donor.directory));
  }
  if (gateMode === merge.GateMode.HIDDEN_LAST || gateMode === merge.GateMode.HIDDEN_AVERAGE) {
    requireForwardPass(plan);
  }
  return plan;
}

/** Errors: those of `networkOf`, with the gates that work for any family. */
function requireForwardPass({ base }: MixturePlan): void {
  try {
    networkOf(base);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const why = `${error.message}; GATE_MODE_CHEAP_EMBED and GATE_MODE_RANDOM need none`;
    const fieldViolations = [{ field: 'mixture_of_experts.gate_mode', description: why }];
    throw new AppError(error.kind, error.reason, `mixture_of_experts.gate_mode: ${why}`, {
      ...{ details: error.details, fieldViolations, cause: error },
    });
  }
}

/** Makes a mixture of experts: computes the routers, then copies tensors from disk to disk. */
export const makeMixture = (method: Mixture): Maker => ({
  async validate(request, context) {
    await planned(request, method, context);
  },
  async estimate(request, context) {
    return estimateMixture(await planned(request, method, context), method);
  },
  async run(request, context) {
    const plan = await planned(request, method, context);
    const inputs = inputsOf(plan);
    await foldInputs('mixture', inputs, new Map(), context);
    const digests = new InputDigests(context.digests);
    const withRouters = await addRouters(plan, method, context);
    let lineage: Lineage = { inputs: {} };
    let report: Report | undefined;
    const write = async (staging: string): Promise<WrittenDigests> => {
      const { changes, written } = await writeMerged(staging, withRouters, undefined, {
        allowNonFinite: request.allowNonFinite,
        signal: context.signal,
        digests,
        onProgress: (fraction) => {
          context.progress({ fraction: 0.5 + 0.5 * fraction, phase: 'copying' });
        },
      });
      lineage = await lineageOf(inputs, context.signal, digests);
      const card = modelCard({ request, plan: withRouters, inputs, lineage, changes, prepared: undefined });
      await writeFile(join(staging, 'README.md'), card, { flag: 'wx' });
      const metrics = { copied_tensors: changes.tensors, computed_tensors: withRouters.computed?.size ?? 0 };
      report = mergeReport(method, { metrics, notes: withRouters.notes });
      await writeMergeReport(staging, report, context);
      return written;
    };
    const model = await context.commit('', request.outputUri, () => lineage, write);
    return responseOf(model, report, undefined, context);
  },
});

async function addRouters(plan: MixturePlan, method: Mixture, context: JobContext): Promise<MixturePlan> {
  const computed = await routersOf(plan, method, context);
  const degenerate = method.gateMode === merge.GateMode.RANDOM ? [] : await degenerateLayers(plan, computed);
  const notes =
    degenerate.length === 0
      ? []
      : [`The prompts hardly tell the experts apart in layers ${degenerate.join(', ')}`];
  for (const note of notes) context.log.warn(note);
  return { ...plan, computed, notes: [...plan.notes, ...notes] };
}
