import { analysis, pipeline } from '@eigenloom/contracts';
import { createClient, type JobsClient, type JobView } from '@eigenloom/runtime';
import { joinRequest, NatsServer, ServiceProcess } from '@eigenloom/testkit';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

jest.setTimeout(30_000);

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
  const running = async (client: JobsClient, name: string): Promise<void> => {
    for await (const update of client.watch(name)) {
      if ((update.metadata.progress?.metrics.tick ?? 0) > 15) return;
    }
  };
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
    const first = await launch('merge');
    const client = clientOf(first.address);
    const { name } = await client.submit('merge', joinRequest([input()], 1_500));
    await running(client, name);
    const second = await launch('merge');
    const other = clientOf(second.address);
    await first.end('SIGKILL');
    const done = await other.wait(name);
    expect(done.error).toBeUndefined();
    expect(done.metadata.attempt).toBe(2);
    expect(await artifactText(other, done)).toBe('a');
    // The scratch folder goes after the record says that the job is done.
    const scratch = (): Promise<string[]> => readdir(join(folder, 'data/scratch'));
    for (let tries = 0; tries < 50 && (await scratch()).length > 0; tries++)
      await new Promise((r) => setTimeout(r, 100));
    expect(await scratch()).toEqual([]);
  });

  it('a worker stopped past its lease cannot commit when it wakes up', async () => {
    const first = await launch('merge');
    const client = clientOf(first.address);
    const target = join(folder, 'fenced');
    const request = { ...joinRequest([input()], 1_000), outputUri: `file:${target}` };
    const { name } = await client.submit('merge', request);
    await running(client, name);
    first.signal('SIGSTOP');
    const second = await launch('merge');
    const other = clientOf(second.address);
    const done = await other.wait(name);
    expect(done.metadata.attempt).toBe(2);
    const manifest = await readFile(join(target, 'manifest.json'));
    first.signal('SIGCONT');
    await delay(1_500);
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
            value: analysis.AnalyzeRequest.fromPartial({ model: { uri: 'step:join' } }),
          },
        },
        {
          id: 'join',
          request: { $case: 'merge', value: joinRequest([input(), input(), 'step:first'], 100) },
        },
        { id: 'first', request: { $case: 'merge', value: joinRequest([input()], 100) } },
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
    const first = await launch('merge');
    const client = clientOf(first.address);
    const { name } = await client.submit('merge', joinRequest([input()], 2_000));
    await running(client, name);
    const watching = (async () => {
      for await (const update of client.watch(name)) if (update.done) return;
    })().catch(() => undefined);
    const started = performance.now();
    expect(await first.end('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(4_000);
    const other = clientOf((await launch('merge')).address);
    const done = await other.wait(name);
    expect(done.metadata.attempt).toBe(2);
    expect(done.error).toBeUndefined();
    await client.close();
    await watching;
  });

  it('goes on after nats-server was killed and started again', async () => {
    const client = clientOf((await launch('merge')).address);
    const { name } = await client.submit('merge', joinRequest([input()], 1_500));
    await running(client, name);
    await nats.kill('SIGKILL');
    await delay(500);
    await expect(
      Promise.race([client.get(name), delay(100).then(() => Promise.reject(new Error('still trying')))]),
    ).rejects.toThrow();
    await nats.start();
    const done = await client.wait(name);
    expect(done.error).toBeUndefined();
    expect(await artifactText(client, done)).toBe('a');
  });

  it('gives 50 duplicates over two servers one execution', async () => {
    const [first, second] = await Promise.all([launch('merge'), launch('merge')]);
    const both = [clientOf(first.address), clientOf(second.address)];
    const request = { ...joinRequest([input()], 200), requestId: 'storm' };
    const views = await Promise.all(
      Array.from({ length: 50 }, (_, i) => both[i % 2]!.submit('merge', request)),
    );
    expect(new Set(views.map(({ name }) => name)).size).toBe(1);
    expect((await both[0]!.wait(views[0]!.name)).metadata.attempt).toBe(1);
    await expect(both[1]!.submit('merge', { ...request, seed: 7n })).rejects.toMatchObject({
      kind: 'INVALID_INPUT',
      reason: 'REQUEST_ID_REUSED',
      fieldViolations: [{ field: 'request_id' }],
    });
  });
});
