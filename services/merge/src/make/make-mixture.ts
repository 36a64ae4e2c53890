import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

import type { WrittenDigests } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { AppError } from '@eigenloom/errors';
import { loadTokenizer, planNetwork } from '@eigenloom/models';
import type { JobContext, Lineage, RequestContext } from '@eigenloom/runtime';

import type { ParametersOf } from '../methods/method.js';
import { estimateMixture } from '../mixture/estimate-mixture.js';
import { type MixturePlan, planMixture } from '../mixture/plan-mixture.js';
import { degenerateLayers, routersOf } from '../mixture/routers.js';
import { InputDigests } from '../run/input-digests.js';
import { lineageOf } from '../run/lineage.js';
import { modelCard } from '../run/model-card.js';
import { writeMerged } from '../run/write-merged.js';
import type { Maker } from './maker.js';
import { parametersOf } from './parameters-of.js';

interface Planned {
  readonly plan: MixturePlan;
  readonly parameters: ParametersOf<'mixtureOfExperts'>;
}

/** Plans, and checks that the base can do what the routers need. */
async function planned(request: merge.MergeRequest, context: RequestContext): Promise<Planned> {
  const parameters = parametersOf(request, 'mixtureOfExperts');
  const plan = await planMixture(request, parameters, context);
  const { gateMode } = parameters;
  if (gateMode !== merge.GateMode.RANDOM) await loadTokenizer(plan.donor.directory);
  if (gateMode === merge.GateMode.HIDDEN_LAST || gateMode === merge.GateMode.HIDDEN_AVERAGE) {
    requireForwardPass(plan);
  }
  return { plan, parameters };
}

/** Errors: those of `planNetwork`, with the gates that work for any family. */
function requireForwardPass({ base }: MixturePlan): void {
  try {
    planNetwork(base.model);
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
export const makeMixture: Maker = {
  async validate(request, context) {
    await planned(request, context);
  },
  async estimate(request, context) {
    const { plan, parameters } = await planned(request, context);
    return estimateMixture(plan, parameters);
  },
  async run(request, context) {
    const { plan, parameters } = await planned(request, context);
    const inputs = [plan.base, ...plan.models];
    const digests = new InputDigests(context.digests);
    const withRouters = await addRouters(plan, parameters, context);
    let lineage: Lineage = { inputs: {} };
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
      return written;
    };
    const model = await context.commit('', request.outputUri, () => lineage, write);
    return { ...merge.MergeResponse.fromJSON({}), model };
  },
};

async function addRouters(
  plan: MixturePlan,
  parameters: ParametersOf<'mixtureOfExperts'>,
  context: JobContext,
): Promise<MixturePlan> {
  const computed = await routersOf(plan, parameters, context);
  const degenerate =
    parameters.gateMode === merge.GateMode.RANDOM ? [] : await degenerateLayers(plan, computed);
  const notes =
    degenerate.length === 0
      ? []
      : [`The prompts hardly tell the experts apart in layers ${degenerate.join(', ')}`];
  for (const note of notes) context.log.warn(note);
  return { ...plan, computed, notes };
}
