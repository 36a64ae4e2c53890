import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

import type { merge } from '@eigenloom/contracts';
import type { RequestContext } from '@eigenloom/runtime';

import { adapterCard } from '../adapters/adapter-card.js';
import { estimateExtract } from '../extract/estimate-extract.js';
import { type ExtractOutcome, extractAdapter } from '../extract/extract-adapter.js';
import { extractAdapterMethod as method } from '../extract/method.js';
import { planExtract } from '../extract/plan-extract.js';
import type { ExtractPlan } from '../extract/planned.js';
import { lineageOf } from '../run/lineage.js';
import { adapterResponse } from './adapter-response.js';
import type { Maker } from './maker.js';
import { parametersOf } from './parameters-of.js';

const plan = (request: merge.MergeRequest, context: RequestContext): Promise<ExtractPlan> =>
  planExtract(request, parametersOf(request, 'extractAdapter'), context);

/** Makes an adapter of a model and its base. */
export const makeExtraction: Maker = {
  async validate(request, context) {
    await plan(request, context);
  },
  async estimate(request, context) {
    return estimateExtract(await plan(request, context));
  },
  async run(request, context) {
    const planned = await plan(request, context);
    const inputs = [planned.base, planned.model];
    const lineage = await lineageOf(inputs, context.signal);
    let outcome: ExtractOutcome = { modules: [], notes: [] };
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      outcome = await extractAdapter(staging, planned, {
        signal: context.signal,
        onProgress: (fraction) => {
          context.progress({ fraction, phase: 'decomposing' });
        },
        folder: join(context.scratch, `extraction-${context.attempt}`),
      });
      const card = adapterCard({ request, method, inputs, lineage, ...outcome });
      await writeFile(join(staging, 'README.md'), card, { flag: 'wx' });
    });
    for (const note of outcome.notes) context.log.warn(note);
    return adapterResponse(model, outcome.modules);
  },
};
