import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { Report } from '@eigenloom/report';

import { adapterCard } from '../adapters/write/adapter-card.js';
import { modulesTable, totalsOf } from '../adapters/write/module-report.js';
import { estimateExtract } from '../extract/estimate.js';
import { planExtract } from '../extract/plan.js';
import { type ExtractOutcome, extractAdapter } from '../extract/run.js';
import { foldInputs } from '../fold/fold-inputs.js';
import type { Extraction } from '../methods/extract-adapter.js';
import { lineageOf } from '../run/lineage.js';
import { mergeReport, responseOf, writeMergeReport } from '../write/merge-report.js';
import type { Maker } from './maker.js';

/** Makes an adapter of a model and its base. */
export const makeExtraction = (method: Extraction): Maker => ({
  async validate(request, context) {
    await planExtract(request, method, context);
  },
  async estimate(request, context) {
    return estimateExtract(await planExtract(request, method, context));
  },
  async run(request, context) {
    const planned = await planExtract(request, method, context);
    const inputs = [planned.base, planned.model];
    await foldInputs('extraction', inputs, new Map(), context);
    const lineage = await lineageOf(inputs, context.signal);
    let outcome: ExtractOutcome = { modules: [], notes: [] };
    let report: Report | undefined;
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
      const { modules, notes } = outcome;
      report = mergeReport(method, {
        metrics: { ...totalsOf(modules) },
        tables: [modulesTable(modules)],
        notes,
      });
      await writeMergeReport(staging, report, context);
    });
    for (const note of outcome.notes) context.log.warn(note);
    return responseOf(model, report, undefined, context);
  },
});
