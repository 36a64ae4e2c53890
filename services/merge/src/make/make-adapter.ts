import { join } from 'node:path';
import { copyFile, writeFile } from 'node:fs/promises';
import { methodId } from '@eigenloom/contracts';
import type { Report } from '@eigenloom/report';

import { estimateAdapters } from '../adapters/estimate.js';
import { planAdapters } from '../adapters/plan/plan-adapters.js';
import { mergeAdapters } from '../adapters/run/merge-adapters.js';
import type { AdapterMethod } from '../adapters/steps/adapter-method.js';
import { adapterCard } from '../adapters/write/adapter-card.js';
import { modulesTable, totalsOf } from '../adapters/write/module-report.js';
import { DEFINITIONS } from '../methods/index.js';
import { lineageOf } from '../run/lineage.js';
import { mergeReport, responseOf, writeMergeReport } from '../write/merge-report.js';
import type { Maker } from './maker.js';

/** Ids of the methods for which adapters need not be alike. */
const OTHERS = Object.entries(DEFINITIONS).flatMap(([name, definition]) =>
  definition.makes === 'adapter' && definition.alike === 'nothing' ? [methodId(name)] : [],
);

/** Makes an adapter of adapters, one module in memory at a time. */
export function makeAdapter(method: AdapterMethod): Maker {
  const chosen = { method, others: OTHERS };
  return {
    async validate(request, context) {
      await planAdapters(request, chosen, context);
    },
    async estimate(request, context) {
      return estimateAdapters(await planAdapters(request, chosen, context));
    },
    async run(request, context) {
      const plan = await planAdapters(request, chosen, context);
      const { inputs, notes, labelsFile } = plan;
      const lineage = await lineageOf(inputs, context.signal);
      let report: Report | undefined;
      const model = await context.commit('', request.outputUri, lineage, async (staging) => {
        const modules = await mergeAdapters(staging, plan, {
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
        if (labelsFile !== undefined) await copyFile(labelsFile, join(staging, 'config.json'));
        const found = { metrics: { ...totalsOf(modules) }, tables: [modulesTable(modules)], notes };
        report = mergeReport(method, found);
        await writeMergeReport(staging, report, context);
      });
      for (const note of notes) context.log.warn(note);
      return responseOf(model, report, undefined, context);
    },
  };
}
