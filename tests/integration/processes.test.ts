import { analysis, jobs, longrunning, pipeline } from '@eigenloom/contracts';
import { createClient, type JobsClient, type JobUpdate, type JobView } from '@eigenloom/runtime';
import { expireLease, Gate, joinRequest, NatsServer, ServiceProcess, until } from '@eigenloom/testkit';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes } from './support/health.js';

describe('service processes over NATS', () => {
  let nats: NatsServer;
  let folder: string;
  const processes: ServiceProcess[] = [];
  const clients: JobsClient[] = [];

  const launch = async (...kinds: string[]): Promise<ServiceProcess> => {
    const started = await ServiceProcess.launch(kinds, {
      NATS_URL: nats.url,
      EIGENLOOM_DATA: join(folder, 'data'),
      EIGENLOOM_ROOTS: folder,
    });
    processes.push(started);
    return started;
  };
  const clientOf = (address: string): JobsClient => {
    const client = createClient({ address });
    clients.push(client);
    return client;
  };
  const input = (): string => `file:${join(folder, 'a.txt')}`;
  let gates = 0;
  const closedGate = (): Promise<Gate> => Gate.closed(join(folder, `gate-${String(gates++)}`));
  /** The first news of a job that the condition holds for. */
  const seen = async (
    client: JobsClient,
    name: string,
    holds: (metrics: Readonly<Record<string, number>>, update: JobUpdate) => boolean,
  ): Promise<JobUpdate> => {
    for await (const update of client.watch(name)) {
      if (holds(update.metadata.progress?.metrics ?? {}, update)) return update;
    }
    throw new Error(`${name} ended first`);
  };
  /** Waits until a job has saved its tenth tick. */
  const running = (client: JobsClient, name: string): Promise<JobUpdate> =>
    seen(client, name, ({ tick = 0 }) => tick > 10);
  const artifactText = async (client: JobsClient, { name }: JobView): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.readFile(name, 'all.txt')) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  beforeAll(async () => {
    nats = await NatsServer.launch();
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-mesh-'));
    await writeFile(join(folder, 'a.txt'), 'a');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await Promise.all(processes.splice(0).map((each) => each.end('SIGKILL')));
  });
  afterAll(async () => {
    await nats.remove();
    await rm(folder, { recursive: true });
  });

  it('another worker takes over after kill -9 and goes on where the first was', async () => {
    const gate = await closedGate();
    const first = await launch('merge');
    const client = clientOf(first.address);
    const { name } = await client.submit('merge', joinRequest([input()], gate));
    await running(client, name);
    await first.end('SIGKILL');
    const other = clientOf((await launch('merge')).address);
    await expireLease(nats.url, name);
    const resumed = await seen(other, name, ({ attempt }) => attempt === 2);
    expect(resumed.metadata.progress?.metrics.resumed_at).toBeGreaterThanOrEqual(10);
    await gate.open();
    const done = await other.wait(name);
    expect(done.error).toBeUndefined();
    expect(done.metadata.attempt).toBe(2);
    expect(await artifactText(other, done)).toBe('a');
    // The scratch folder goes after the record says that the job is done.
    const scratch = join(folder, 'data/scratch');
    await until('the scratch folder is empty', async () => (await readdir(scratch)).length === 0);
  });

  it('a worker stopped past its lease cannot commit when it wakes up', async () => {
    const gate = await closedGate();
    const first = await launch('merge');
    const client = clientOf(first.address);
    const target = join(folder, 'fenced');
    const request = { ...joinRequest([input()], gate), outputUri: `file:${target}` };
    const { name } = await client.submit('merge', request);
    await running(client, name);
    await first.stop();
    const other = clientOf((await launch('merge')).address);
    await expireLease(nats.url, name);
    await gate.open();
    const done = await other.wait(name);
    expect(done.error).toBeUndefined();
    expect(done.metadata.attempt).toBe(2);
    const manifest = await readFile(join(target, 'manifest.json'));
    first.signal('SIGCONT');
    await first.shows(/the attempt (ended|failed)/);
    expect(first.output()).toContain('the attempt ended: another worker has taken the job');
    const after = await other.get(name);
    expect(after).toEqual({ ...done, revision: undefined });
    expect(await readFile(join(target, 'manifest.json'))).toEqual(manifest);
    expect(await readdir(join(folder, 'data/stages'))).toEqual([]);
    expect(await first.end()).toBe(0);
  });

  it('runs a pipeline over two processes, each its own steps', async () => {
    const [merger, analyst] = await Promise.all([launch('merge'), launch('analysis')]);
    const client = clientOf(analyst.address);
    const request = pipeline.RunPipelineRequest.fromPartial({
      requestId: 'over-two',
      steps: [
        {
          id: 'count',
          request: {
            $case: 'analyze',
            value: analysis.AnalyzeRequest.fromPartial({
              study: { kind: { $case: 'spectrum', value: { model: { uri: 'step:join' } } } },
            }),
          },
        },
        {
          id: 'join',
          request: { $case: 'merge', value: joinRequest([input(), input(), 'step:first']) },
        },
        { id: 'first', request: { $case: 'merge', value: joinRequest([input()]) } },
      ],
    });
    const view = await client.submit('pipeline', request);
    const done = await clientOf(merger.address).wait(view.name);
    expect(done.error).toBeUndefined();
    const result = done.result?.kind === 'pipeline' ? done.result.response : undefined;
    expect(result?.steps.map(({ id }) => id)).toEqual(['count', 'join', 'first']);
    expect(await artifactText(client, await client.get(`${view.name}-count`))).toBe('3');
  });

  it('stops on SIGTERM with a running job and an open watch; the job goes on elsewhere', async () => {
    const gate = await closedGate();
    const first = await launch('merge');
    const client = clientOf(first.address);
    const { name } = await client.submit('merge', joinRequest([input()], gate));
    await running(client, name);
    const watcher = new jobs.JobsServiceClient(first.address, credentials.createInsecure());
    const heard: jobs.WatchJobResponse[] = [];
    const watching = (async () => {
      const stream = watcher.watchJob({ name, afterRevision: 0n });
      for await (const message of stream) heard.push(message as jobs.WatchJobResponse);
    })();
    await until('the watch is open', () => heard.length > 0);
    // The job would go on for ever: the process ends with 0 only if it ends the job and the watch within its grace period.
    expect(await first.end('SIGTERM')).toBe(0);
    await watching;
    expect(heard.at(-1)?.resume).toBe(true);
    watcher.close();
    const other = clientOf((await launch('merge')).address);
    const resumed = await seen(other, name, (_, { metadata }) => metadata.attempt === 2);
    expect(resumed.done).toBe(false);
    await gate.open();
    const done = await other.wait(name);
    expect(done.metadata.attempt).toBe(2);
    expect(done.error).toBeUndefined();
  });

  it('fails calls while nats-server is away, and goes on after it was started again', async () => {
    const gate = await closedGate();
    const { address } = await launch('merge');
    const client = clientOf(address);
    const { name } = await client.submit('merge', joinRequest([input()], gate));
    const { metadata } = await running(client, name);
    await nats.kill('SIGKILL');
    const operations = new longrunning.OperationsClient(address, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) => {
      operations.getOperation({ name }, resolve);
    });
    operations.close();
    expect(error?.code).toBe(status.UNAVAILABLE);
    // Otherwise SERVING may be what it was before the service noticed.
    await becomes(address, 'NOT_SERVING');
    await nats.start();
    await becomes(address, 'SERVING');
    const before = metadata.progress?.metrics.tick ?? 0;
    await seen(client, name, ({ tick = 0 }) => tick > before);
    await gate.open();
    const done = await client.wait(name);
    expect(done.error).toBeUndefined();
    expect(await artifactText(client, done)).toBe('a');
  });

  it('gives 50 duplicates over two servers one execution', async () => {
    const gate = await closedGate();
    const [first, second] = await Promise.all([launch('merge'), launch('merge')]);
    const both = [clientOf(first.address), clientOf(second.address)];
    const request = { ...joinRequest([input()], gate), requestId: 'storm' };
    const views = await Promise.all(
      Array.from({ length: 50 }, (_, i) => both[i % 2]!.submit('merge', request)),
    );
    expect(new Set(views.map(({ name }) => name)).size).toBe(1);
    await gate.open();
    expect((await both[0]!.wait(views[0]!.name)).metadata.attempt).toBe(1);
    await expect(both[1]!.submit('merge', { ...request, seed: 7n })).rejects.toMatchObject({
      kind: 'INVALID_INPUT',
      reason: 'REQUEST_ID_REUSED',
      fieldViolations: [{ field: 'request_id' }],
    });
  });
});
