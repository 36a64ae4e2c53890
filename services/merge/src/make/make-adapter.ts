import { join } from 'node:path';
import { copyFile, writeFile } from 'node:fs/promises';

import type { merge } from '@eigenloom/contracts';

import { adapterCard } from '../adapters/adapter-card.js';
import { estimateAdapters } from '../adapters/estimate-adapters.js';
import { mergeAdapters } from '../adapters/merge-adapters.js';
import { planAdapters } from '../adapters/plan-adapters.js';
import { lineageOf } from '../run/lineage.js';
import { adapterResponse } from './adapter-response.js';
import type { Maker } from './maker.js';

/** Makes an adapter of adapters, one module in memory at a time. */
export const makeAdapter: Maker = {
  async validate(request, context) {
    await planAdapters(request, context);
  },
  async estimate(request, context) {
    return estimateAdapters(await planAdapters(request, context));
  },
  async run(request, context) {
    const plan = await planAdapters(request, context);
    const { method, inputs, notes } = plan;
    const lineage = await lineageOf(inputs, context.signal);
    let modules: merge.AdapterModuleReport[] = [];
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      modules = await mergeAdapters(staging, plan, {
        allowNonFinite: request.allowNonFinite,
        allowUnchanged: request.allowUnchanged,
        signal: context.signal,
        onProgress: (fraction) => {
          context.progress({ fraction, phase: 'merging' });
        },
        folder: join(context.scratch, `adapter-${context.attempt}`),
      });
      const card = adapterCard({ request, method, inputs, lineage, modules, notes });
      await writeFile(join(staging, 'README.md'), card, { flag: 'wx' });
      if (plan.labelsFile !== undefined) await copyFile(plan.labelsFile, join(staging, 'config.json'));
    });
    for (const note of notes) context.log.warn(note);
    return adapterResponse(model, modules);
  },
};
