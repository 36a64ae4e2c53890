import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { corruptData, notFound } from '@eigenloom/errors';
import { writeWhole } from './atomic-file.js';
import type { Document } from './document.js';
import { type Analysis, printAnalysis } from './analysis-table.js';
import { withFinishedJob } from './job-command.js';
import type { JobOptions } from './options.js';
import { print } from './output.js';
import { requestFrom } from './request.js';

export interface AnalyzeOptions extends JobOptions {
  readonly json?: string;
  readonly model?: string;
  readonly adapter?: string[];
  readonly base?: string;
  readonly tensor?: string[];
  readonly singularValues?: boolean;
  readonly eigenvalueCut?: number;
  readonly k?: number;
  readonly epsilon?: number;
}

async function requireFolder(file: string): Promise<void> {
  await access(dirname(file), constants.W_OK).catch((error: unknown) => {
    throw notFound('FOLDER_NOT_FOUND', `--json: cannot write into the folder of ${file}`, { cause: error });
  });
}

async function readWhole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** analyze: submit, follow, then copy the result's JSON out of the artifact. */
export async function runAnalysis(
  analysis: Analysis,
  recipe: string | undefined,
  flags: Document,
  options: AnalyzeOptions,
): Promise<void> {
  const file = options.json;
  if (file !== undefined && file !== '-') await requireFolder(file);
  const request = await requestFrom('analysis', recipe, flags, options);
  await withFinishedJob('analysis', request, options, async ({ name, response }, client) => {
    const path = `${analysis}.json`;
    if (response.result?.files.some((entry) => entry.path === path) !== true) {
      throw corruptData('RESULT_MISSING', `the artifact of ${name} does not hold ${path}`);
    }
    const chunks = client.readFile(name, path);
    if (file === undefined) printAnalysis(analysis, JSON.parse((await readWhole(chunks)).toString('utf8')));
    else if (file === '-') print((await readWhole(chunks)).toString('utf8').trimEnd());
    else await writeWhole(file, chunks);
  });
}
