import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { notFound } from '@eigenloom/errors';
import { contractOf, type JobsClient, type KindName, type MessageCodec } from '@eigenloom/runtime';
import { writeWhole } from './atomic-file.js';
import type { Edits, WorkOptions } from './edits.js';
import { printResponse, withFinishedJob } from './job-command.js';
import { print, printJson } from './output.js';
import { printReport, type ShownReport } from './print-report.js';
import { requestFrom } from './request.js';

const REPORT = 'report.json';

/** Submits, follows, and prints what was made; of an analysis, the tables of its report. */
export async function runWork(
  kind: KindName,
  recipe: string | undefined,
  edits: Edits,
  options: WorkOptions,
): Promise<void> {
  const { json } = options;
  if (typeof json === 'string' && json !== '-') await requireFolder(json);
  const request = await requestFrom(kind, recipe, edits, options);
  await withFinishedJob(kind, request, options, async (finished, client) => {
    if (kind === 'analysis') await showReport(client, finished.name, json);
    else if (json === true) {
      printJson({
        name: finished.name,
        response: (contractOf(kind).response as MessageCodec<unknown>).toJSON(finished.response),
      });
    } else printResponse(kind, finished);
  });
}

async function requireFolder(file: string): Promise<void> {
  await access(dirname(file), constants.W_OK).catch((error: unknown) => {
    throw notFound('FOLDER_NOT_FOUND', `--json: cannot write into the folder of ${file}`, { cause: error });
  });
}

async function showReport(
  client: JobsClient,
  name: string,
  file: string | boolean | undefined,
): Promise<void> {
  const chunks = client.readFile(name, REPORT);
  if (typeof file === 'string' && file !== '-') {
    await writeWhole(file, chunks);
    return;
  }
  const text = (await readWhole(chunks)).toString('utf8');
  if (file === '-') print(text.trimEnd());
  else printReport(JSON.parse(text) as ShownReport);
}

async function readWhole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
