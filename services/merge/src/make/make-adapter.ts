import { join } from 'node:path';
import { copyFile, writeFile } from 'node:fs/promises';
import { methodId } from '@eigenloom/contracts';
import { type Report, writeReport } from '@eigenloom/report';

import { adapterCard } from '../adapters/adapter-card.js';
import type { AdapterMethod } from '../adapters/adapter-method.js';
import { estimateAdapters } from '../adapters/estimate-adapters.js';
import { mergeAdapters } from '../adapters/merge-adapters.js';
import { modulesTable, totalsOf } from '../adapters/module-report.js';
import { planAdapters } from '../adapters/plan-adapters.js';
import { DEFINITIONS } from '../methods/index.js';
import { lineageOf } from '../run/lineage.js';
import { mergeReport, responseOf } from '../run/merge-report.js';
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
        await writeReport(staging, report);
      });
      for (const note of notes) context.log.warn(note);
      return responseOf(model, report, undefined, context);
    },
  };
}
