import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withPath } from '@eigenloom/errors';
import { mergeKind } from '@eigenloom/merge-service';
import { requestFromObject, startEmbedded, toStatus } from '@eigenloom/runtime';

const HOUR_MS = 3_600_000;

/**
 * A process that a test kills: submits the merge of `FOLDER/recipe.json` once, however often it is started, waits for its end and
 * prints it. Jobs that an earlier process left go on by themselves.
 */
async function run(folder: string): Promise<void> {
  const recipe: unknown = JSON.parse(await readFile(join(folder, 'recipe.json'), 'utf8'));
  const client = await startEmbedded({
    kinds: [mergeKind],
    dataFolder: join(folder, 'data'),
    roots: [folder],
    sweepMs: 50,
    // Unless a test asks for it, neither progress nor a lease is written within a run: its steps are the same on any machine.
    progressMs: HOUR_MS,
    leaseMs: Number(process.env['EIGENLOOM_CHAOS_LEASE_MS'] ?? HOUR_MS),
  });
  const submitted = await client
    .submit('merge', requestFromObject('merge', recipe))
    .catch((thrown: unknown) => {
      const { reason, message } = withPath(thrown);
      process.stdout.write(`${JSON.stringify({ attempt: 0, reason, message })}\n`);
    });
  if (submitted === undefined) return client.close();
  const { name } = submitted;
  const { error, metadata, result, artifacts } = await client.wait(name);
  const end = {
    attempt: metadata.attempt,
    reason: error?.reason,
    message: error && toStatus(error).message,
    digest: artifacts['']?.digest,
    changes: result?.kind === 'merge' ? result.response.changes : undefined,
  };
  process.stdout.write(`${JSON.stringify(end)}\n`);
  await client.close();
}

void run(process.argv[2] ?? '');
