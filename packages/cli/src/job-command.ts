import { common, type ServiceKind } from '@eigenloom/contracts';
import { type JobsClient, type KindName, type RequestOf, type ResponseOf } from '@eigenloom/runtime';
import { describeEstimate, estimate } from './estimate.js';
import { oneLine } from './failure.js';
import { interruptible } from './interrupt.js';
import { isLocal } from './begin-job.js';
import { dataFolderOf, openClient } from './mesh/open-client.js';
import type { JobOptions } from './options.js';
import { print, printJson } from './output.js';
import { forgetOldJobs } from './prune-jobs.js';
import { type Finished, runJob } from './run-job.js';

/** The services that a request needs: its own, or those of a pipeline's steps. */
function servicesOf<K extends KindName>(kind: K, request: RequestOf[K]): readonly ServiceKind[] {
  if (kind !== 'pipeline') return [kind];
  const cases = (request as RequestOf['pipeline']).steps.map(({ request: step }) => step?.$case);
  const kinds = cases.map((step) => (step === 'analyze' ? 'analysis' : step));
  return [...new Set(kinds)].filter((step) => step !== undefined);
}

function describeArtifact(label: string, { uri, digest, files, fileCount }: common.Artifact): string {
  return `${label}: ${uri} (${fileCount || files.length} files, digest ${digest})`;
}

/** What was made, one artifact a line. */
export function printResponse<K extends KindName>(kind: K, { name, response, artifacts }: Finished<K>): void {
  for (const [part, artifact] of Object.entries(artifacts))
    print(describeArtifact(part === '' ? 'result' : part, artifact));
  if (kind === 'pipeline') {
    for (const { id, artifact, residual } of (response as ResponseOf['pipeline']).steps) {
      if (artifact !== undefined) print(describeArtifact(id, artifact));
      if (residual !== undefined) print(describeArtifact(`${id}/residual`, residual));
    }
  }
  print(`job: ${name}`);
}

/**
 * Runs one request as a job and hands its result to `use` while the client is still open. With `--estimate` it is only checked, and its
 * price printed.
 */
export async function withFinishedJob<K extends KindName>(
  kind: K,
  request: RequestOf[K],
  options: JobOptions,
  use: (finished: Finished<K>, client: JobsClient) => Promise<void> | void,
): Promise<void> {
  await interruptible(async (signal) => {
    const client = await openClient(options, servicesOf(kind, request));
    try {
      if (options.estimate === true) {
        const price = await estimate(client, kind, request, signal);
        if ('json' in options && options.json !== undefined) printJson(common.Estimate.toJSON(price));
        else [describeEstimate(price), ...price.notes.map(oneLine)].forEach(print);
      } else {
        await use(await runJob(client, kind, request, signal), client);
        // A folder that cannot be tidied now is tidied by another command.
        if (isLocal(client)) await forgetOldJobs(client, await dataFolderOf(options)).catch(() => undefined);
      }
    } finally {
      await client.close();
    }
  });
}
