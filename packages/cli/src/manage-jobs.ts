import { jobs, SERVICE_KINDS } from '@eigenloom/contracts';
import { contractOf, type JobsClient, type JobView } from '@eigenloom/runtime';
import { oneLine } from './failure.js';
import { interruptible } from './interrupt.js';
import { openClient, openLocal } from './mesh/open-client.js';
import type { MeshOptions } from './options.js';
import { print, printJson, printTable } from './output.js';
import { snapshotOf } from './progress/index.js';
import { describe, describeLeft } from './progress/text.js';
import { follow } from './run-job.js';

type JobsOptions = MeshOptions & { readonly json?: boolean };

const fullName = (name: string): string => (name.startsWith('operations/') ? name : `operations/${name}`);

async function withClient<T>(options: MeshOptions, use: (client: JobsClient) => Promise<T>): Promise<T> {
  const client = await openClient(options, []);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function responseJson(view: JobView): unknown {
  return view.result === undefined
    ? undefined
    : contractOf(view.result.kind).response.toJSON(view.result.response);
}

function toJson(view: JobView): unknown {
  const { name, done, interrupted, metadata, error } = view;
  return {
    name,
    done,
    ...(interrupted === true ? { interrupted } : {}),
    metadata: jobs.JobMetadata.toJSON(metadata),
    error: error && { reason: error.reason, message: error.message, details: error.details },
    response: responseJson(view),
  };
}

function show(view: JobView, asJson: boolean): void {
  if (asJson) {
    printJson(toJson(view));
    return;
  }
  const { name, metadata, error } = view;
  const snapshot = snapshotOf(metadata);
  const state = view.interrupted === true ? `interrupted ${describeLeft(snapshot)}` : describe(snapshot);
  print(`${name}: ${metadata.kind} ${metadata.method}, ${state}`);
  for (const child of metadata.children) print(`step: ${child}`);
  if (error !== undefined) print(`error: ${error.reason}: ${oneLine(error.message)}`);
  if (view.result !== undefined) printJson(responseJson(view));
}

export async function listJobs(options: JobsOptions): Promise<void> {
  const views = await withClient(options, async (client) => {
    const all: JobView[] = [];
    for await (const view of client.list()) all.push(view);
    return all;
  });
  if (options.json === true) {
    printJson(views.map(toJson));
    return;
  }
  printTable(
    ['NAME', 'KIND', 'METHOD', 'STATE', 'CREATED'],
    views.map(({ name, interrupted, metadata }) => [
      name,
      metadata.kind,
      metadata.method,
      interrupted === true ? 'interrupted' : snapshotOf(metadata).state,
      metadata.createTime?.toISOString() ?? '',
    ]),
  );
}

export async function showJob(name: string, options: JobsOptions): Promise<void> {
  show(await withClient(options, (client) => client.get(fullName(name))), options.json === true);
}

export async function cancelJob(name: string, options: JobsOptions): Promise<void> {
  await withClient(options, (client) => client.cancel(fullName(name)));
}

/** Follows a job; Ctrl-C stops watching and leaves the job alone. Fails as the job fails. */
export async function watchJob(name: string, options: JobsOptions): Promise<void> {
  const view = await interruptible(
    (signal) => withClient(options, (client) => follow(client, fullName(name), signal, 'leave')),
    'stopped watching; the job goes on',
  );
  if (view.error !== undefined) throw view.error;
  show(view, options.json === true);
}

/** Goes on with an interrupted job in this process and follows it to its end. Ctrl-C cancels it, as in the command that began it. */
export async function resumeJob(name: string, options: JobsOptions): Promise<void> {
  const view = await interruptible(async (signal) => {
    const client = await openLocal(options, SERVICE_KINDS);
    try {
      return await follow(client, (await client.resume(fullName(name))).name, signal);
    } finally {
      await client.close();
    }
  });
  if (view.error !== undefined) throw view.error;
  show(view, options.json === true);
}
