/**
 * Runs the image of each service as a container, as a cluster would: read-only root, no capabilities, a user without rights. Each has
 * to serve, to do what it is asked over gRPC, and to end by itself on SIGTERM. `npm run images:smoke`, after `npm run images`.
 */
import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toAppError } from '@eigenloom/errors';
import { createClient, requestFromObject } from '@eigenloom/runtime';
import { freePort } from '@eigenloom/testkit';

const SERVICES = ['init', 'train', 'merge', 'analysis'] as const;
const USER = 10001;
const START_LIMIT_MS = 60_000;
/** Longer than the service's own grace for running work, of which there is none here. */
const STOP_SECONDS = 20;
/** crun does not start in sandboxes that may not raise limits. */
const RUNTIME = process.env['EIGENLOOM_OCI_RUNTIME'] ?? 'runc';

const podman = (...args: string[]): string =>
  execFileSync('podman', ['--storage-driver=vfs', '--runtime', RUNTIME, ...args], {
    encoding: 'utf8',
  }).trim();

function start(service: string, port: number, data: string): string {
  return podman(
    'run',
    '--detach',
    '--network=host',
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    '--ulimit=nofile=1024:1024',
    '--ulimit=nproc=1024:1024',
    '--tmpfs=/tmp',
    `--volume=${data}:/data`,
    '--env=EIGENLOOM_HOST=127.0.0.1',
    `--env=EIGENLOOM_PORT=${port}`,
    '--env=EIGENLOOM_METRICS_PORT=0',
    `localhost/eigenloom-${service}:${process.env['TAG'] ?? '1'}`,
  );
}

/** The reason of the refusal of an empty request: the service is up and has its contract. */
async function refusal(service: (typeof SERVICES)[number], address: string): Promise<string> {
  const client = createClient({ address });
  try {
    const deadline = performance.now() + START_LIMIT_MS;
    for (;;) {
      try {
        await client.submit(service, requestFromObject(service, {}));
        return 'none';
      } catch (error) {
        const { kind, reason } = toAppError(error);
        if (kind !== 'DEPENDENCY_DOWN' || performance.now() > deadline) return `${kind}/${reason}`;
        await delay(200);
      }
    }
  } finally {
    await client.close();
  }
}

/** Why the container cannot read images, if it cannot. */
function decoding(container: string): string[] {
  const decode =
    "require('sharp')({ create: { width: 2, height: 2, channels: 3, background: 'red' } }).png().toBuffer()";
  try {
    podman('exec', container, 'node', '-e', decode);
    return [];
  } catch (error) {
    return [`cannot make a PNG: ${String(error)}`];
  }
}

async function smoke(service: (typeof SERVICES)[number]): Promise<readonly string[]> {
  const data = await mkdtemp(join(tmpdir(), 'eigenloom-image-'));
  await chown(data, USER, USER);
  const port = await freePort();
  const container = start(service, port, data);
  try {
    const problems: string[] = [];
    const reason = await refusal(service, `127.0.0.1:${port}`);
    if (!reason.startsWith('INVALID_INPUT/')) problems.push(`an empty request gives ${reason}`);
    problems.push(...decoding(container));
    podman('stop', `--time=${STOP_SECONDS}`, container);
    const status = podman('inspect', '--format={{.State.ExitCode}}', container);
    if (status !== '0') problems.push(`ends with ${status} on SIGTERM`);
    if (problems.length > 0) problems.push(podman('logs', '--tail=5', container));
    return problems;
  } finally {
    podman('rm', '--force', container);
    await rm(data, { recursive: true });
  }
}

async function main(): Promise<void> {
  let failed = 0;
  for (const service of SERVICES) {
    const problems = await smoke(service);
    if (problems.length > 0) failed += 1;
    console.log(`images: eigenloom-${service} ${problems.length === 0 ? 'runs' : problems.join('; ')}`);
  }
  console.log(`${SERVICES.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
