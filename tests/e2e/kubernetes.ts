/**
 * The example pipeline on the cluster that KUBECONFIG names, against the same pipeline on this machine: `npm run e2e:k8s`.
 * docs/guides/kubernetes.md says what it needs.
 */
import { analysisKind } from '@eigenloom/analysis-service';
import { initKind } from '@eigenloom/init-service';
import { mergeKind } from '@eigenloom/merge-service';
import { createClient, type JobsClient, parseRecipe, startEmbedded } from '@eigenloom/runtime';
import { trainKind } from '@eigenloom/train-service';
import { execFileSync } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMESPACE = 'eigenloom';
const NODE_PORT = 30051;
const WORKLOADS = [
  'deployment/eigenloom-init',
  'deployment/eigenloom-train',
  'deployment/eigenloom-merge',
  'deployment/eigenloom-analysis',
  'deployment/telemetry',
  'statefulset/nats',
];
/** Folder of the local overlay's volumes on the node, as this machine sees it. */
const VOLUMES = process.env['EIGENLOOM_E2E_VOLUMES'] ?? '/srv/eigenloom';
/** The step whose pod is deleted while it runs. */
const INTERRUPTED = 'first';
/** User and group of the pods. A volume that is a folder of the node keeps its owner: Kubernetes changes none there. */
const POD_USER = 10001;
/** Where pods see the data volume, and where this machine does. */
const POD_DATA = '/data';
const HOST_DATA = join(VOLUMES, 'data');

const kubectl = (...args: string[]): string =>
  execFileSync('kubectl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

async function recipe(data: string): Promise<ReturnType<typeof parseRecipe<'pipeline'>>> {
  const text = await readFile('examples/recipes/pipeline.yaml', 'utf8');
  return parseRecipe(
    'pipeline',
    text
      .replaceAll('.cache/models/all-MiniLM-L6-v2', `${data}/input/model`)
      .replaceAll('examples/data', `${data}/input/data`),
  );
}

/** Digest of each step's artifact, by step. */
async function digests(
  client: JobsClient,
  data: string,
  onRunning?: (step: string) => void,
): Promise<Map<string, string>> {
  const { name } = await client.submit('pipeline', await recipe(data));
  const seen = new Set<string>();
  const ended = new AbortController();
  const watcher = (async () => {
    while (!ended.signal.aborted && onRunning !== undefined) {
      for (const child of (await client.get(name)).metadata.children) {
        const { metadata } = await client.get(child);
        if (metadata.attempt > 0 && !seen.has(metadata.stepId)) {
          seen.add(metadata.stepId);
          onRunning(metadata.stepId);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  const view = await client.wait(name);
  ended.abort();
  await watcher;
  if (view.error !== undefined) throw view.error;
  if (onRunning !== undefined) await assertInterrupted(client, view.metadata.children);
  if (view.result?.kind !== 'pipeline') throw new Error('the pipeline gave no result');
  return new Map(view.result.response.steps.map(({ id, artifact }) => [id, artifact?.digest ?? '']));
}

/** Deleting the pod has to have hit the training it was meant for: another pod took the job over. */
async function assertInterrupted(client: JobsClient, children: readonly string[]): Promise<void> {
  const steps = await Promise.all(children.map(async (child) => (await client.get(child)).metadata));
  const attempts = steps.find(({ stepId }) => stepId === INTERRUPTED)?.attempt ?? 0;
  console.log(`step ${INTERRUPTED} took ${attempts} attempts`);
  if (attempts < 2) throw new Error(`the pod was deleted after step ${INTERRUPTED} had ended`);
}

async function onThisMachine(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-k8s-'));
  const client = await startEmbedded({
    kinds: [initKind, trainKind, mergeKind, analysisKind],
    dataFolder: folder,
    roots: [HOST_DATA],
  });
  try {
    return await digests(client, HOST_DATA);
  } finally {
    await client.close();
    await rm(folder, { recursive: true });
  }
}

async function onTheCluster(): Promise<Map<string, string>> {
  const node = kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
  );
  const client = createClient({ address: `${node}:${NODE_PORT}` });
  try {
    return await digests(client, POD_DATA, (step) => {
      console.log(`step ${step} runs`);
      if (step !== INTERRUPTED) return;
      console.log('deleting the pod that trains');
      kubectl(
        '-n',
        NAMESPACE,
        'delete',
        'pod',
        '--wait=false',
        '-l',
        'app.kubernetes.io/name=eigenloom-train',
      );
    });
  } finally {
    await client.close();
  }
}

async function prepareVolumes(): Promise<void> {
  for (const name of ['data', 'jetstream']) {
    const folder = join(VOLUMES, name);
    await mkdir(folder, { recursive: true });
    await chown(folder, POD_USER, POD_USER);
  }
  await cp('.cache/models/all-MiniLM-L6-v2', join(HOST_DATA, 'input/model'), { recursive: true });
  await cp('examples/data', join(HOST_DATA, 'input/data'), { recursive: true });
}

async function main(): Promise<void> {
  await prepareVolumes();
  kubectl('apply', '-k', 'deploy/overlays/local');
  for (const workload of WORKLOADS) kubectl('-n', NAMESPACE, 'rollout', 'status', workload, '--timeout=180s');
  console.log('all workloads are ready');
  const expected = await onThisMachine();
  const actual = await onTheCluster();
  let failed = 0;
  for (const [step, digest] of expected) {
    const same = digest !== '' && actual.get(step) === digest;
    if (!same) failed += 1;
    console.log(`${same ? 'same' : 'DIFFERENT'} ${step} ${digest} ${actual.get(step) ?? 'absent'}`);
  }
  console.log(`${expected.size - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && expected.size > 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
