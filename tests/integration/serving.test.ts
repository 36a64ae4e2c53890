import { errorDetails, jobs, longrunning, merge, status as rpc } from '@eigenloom/contracts';
import {
  createClient,
  type JobsClient,
  readConfig,
  type Running,
  serve,
  createLog,
} from '@eigenloom/runtime';
import { Gate, joiningKind, joinRequest, until } from '@eigenloom/testkit';
import {
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  makeGenericClientConstructor,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What the test reads of ServerReflectionResponse. */
interface ReflectionAnswer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

type Callback = (error: ServiceError | null, value: unknown) => void;

const call = <T>(invoke: (callback: Callback) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    invoke((error, value) => {
      if (error === null) resolve(value as T);
      else reject(error);
    });
  });

const failure = (invoke: (callback: Callback) => unknown): Promise<ServiceError> =>
  call(invoke).then(
    () => Promise.reject(new Error('succeeded')),
    (error: unknown) => error as ServiceError,
  );

/** The single ErrorInfo of a failure. */
function infoOf(error: ServiceError): { reason: string; domain: string; fields: string[]; bytes: number } {
  const [raw] = error.metadata.get('grpc-status-details-bin') as Buffer[];
  const details = rpc.Status.decode(raw!).details;
  const infos = details.filter(({ typeUrl }) => typeUrl.endsWith('google.rpc.ErrorInfo'));
  expect(infos).toHaveLength(1);
  const { reason, domain } = errorDetails.ErrorInfo.decode(infos[0]!.value);
  const fields = details
    .filter(({ typeUrl }) => typeUrl.endsWith('google.rpc.BadRequest'))
    .flatMap(({ value }) => errorDetails.BadRequest.decode(value).fieldViolations)
    .map(({ field }) => field);
  return { reason, domain, fields, bytes: raw!.byteLength };
}

describe('a server', () => {
  let folder: string;
  let running: Running;
  let client: JobsClient;
  let address: string;
  let operations: longrunning.OperationsClient;
  let merges: merge.MergeServiceClient;
  let watcher: jobs.JobsServiceClient;
  /** As long as it takes; a test shortens them, which open watches heed. */
  const watchTimes = { heartbeatMs: 3_600_000, maxAgeMs: 3_600_000 };
  const input = (): string => `file:${join(folder, 'a.txt')}`;
  let gates = 0;
  const closedGate = (): Promise<Gate> => Gate.closed(join(folder, `gate-${String(gates++)}`));
  /** Follows a job and notes what is heard; `ended` resolves when the server ends the stream in order. */
  const watch = (name: string): { heard: jobs.WatchJobResponse[]; ended: Promise<void> } => {
    const heard: jobs.WatchJobResponse[] = [];
    const stream = watcher.watchJob({ name, afterRevision: 0n }) as AsyncIterable<jobs.WatchJobResponse>;
    const ended = (async () => {
      for await (const message of stream) heard.push(message);
    })();
    return { heard, ended };
  };

  const start = async (): Promise<void> => {
    const config = readConfig({
      EIGENLOOM_PORT: '0',
      EIGENLOOM_DATA: join(folder, 'data'),
      EIGENLOOM_ROOTS: folder,
    });
    running = await serve({
      kinds: [joiningKind],
      config,
      log: createLog('test', 'silent'),
      tuning: { progressMs: 20, sweepMs: 50, leaseMs: 3_600_000, watchTimes },
    });
    address = `127.0.0.1:${String(running.port)}`;
    client = createClient({ address });
    operations = new longrunning.OperationsClient(address, credentials.createInsecure());
    merges = new merge.MergeServiceClient(address, credentials.createInsecure());
    watcher = new jobs.JobsServiceClient(address, credentials.createInsecure());
  };
  const stop = async (): Promise<void> => {
    for (const each of [client, operations, merges, watcher]) await each.close();
    await running.stop();
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-serve-'));
    await writeFile(join(folder, 'a.txt'), 'a');
    await start();
  });
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true });
  });

  it('names the wrong field in BadRequest and leaks no path', async () => {
    const error = await failure((done) => merges.merge(joinRequest(['file:/etc/passwd']), done));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(infoOf(error)).toMatchObject({
      reason: 'URI_OUTSIDE_ROOTS',
      domain: 'eigenloom.dev',
      fields: ['models[0].model.uri'],
    });
    expect(infoOf(error).bytes).toBeLessThanOrEqual(4096);
    expect(JSON.stringify(error)).not.toContain(folder);
    const missing = await failure((done) => merges.merge(joinRequest([`${input()}x`]), done));
    expect(missing.code).toBe(status.NOT_FOUND);
    expect(missing.details).not.toContain('ENOENT');
  });

  it('answers for operations that do not exist or have no proper name', async () => {
    const unknown = await failure((done) => operations.getOperation({ name: 'operations/none' }, done));
    expect([unknown.code, infoOf(unknown).reason]).toEqual([status.NOT_FOUND, 'OPERATION_NOT_FOUND']);
    const wrong = await failure((done) => operations.cancelOperation({ name: '../x' }, done));
    expect([wrong.code, infoOf(wrong).fields]).toEqual([status.INVALID_ARGUMENT, ['name']]);
  });

  it('lists in pages with opaque tokens', async () => {
    for (let i = 0; i < 3; i++) await client.submit('merge', joinRequest([input()]));
    const list = (pageSize: number, pageToken = ''): Promise<longrunning.ListOperationsResponse> =>
      call((done) =>
        operations.listOperations(
          longrunning.ListOperationsRequest.fromPartial({ pageSize, pageToken }),
          done,
        ),
      );
    const names: string[] = [];
    for (let token = ''; ;) {
      const page = await list(1, token);
      expect(page.operations.length).toBeLessThanOrEqual(1);
      names.push(...page.operations.map(({ name }) => name));
      token = page.nextPageToken;
      if (token === '') break;
    }
    const all = await list(0);
    expect(names).toEqual(all.operations.map(({ name }) => name));
    expect(all.nextPageToken).toBe('');
    await expect(list(-1)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(list(1, 'made up')).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    expect((await list(1_000_000)).operations).toHaveLength(names.length);
  });

  it('beats while nothing happens, ends with resume, and the client sees no gap and no regression', async () => {
    const gate = await closedGate();
    const first = await client.submit('merge', joinRequest([input()], gate));
    // Waits in the queue behind the first, so that nothing happens to it.
    const { name } = await client.submit('merge', joinRequest([input()], gate));
    Object.assign(watchTimes, { heartbeatMs: 50 });
    const { heard, ended } = watch(name);
    const beats = (): number => heard.filter(({ revision }) => revision === heard.at(-1)?.revision).length;
    await until('two heartbeats were heard', () => beats() > 2);
    expect(heard.at(-1)?.operation?.done).toBe(false);
    Object.assign(watchTimes, { maxAgeMs: 0 });
    await ended;
    Object.assign(watchTimes, { heartbeatMs: 3_600_000, maxAgeMs: 3_600_000 });
    expect(heard.map(({ resume }) => resume)).toEqual([...heard.slice(1).map(() => false), true]);
    const revisions = heard.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => Number(a - b)));
    await gate.open();
    let last = heard.at(-1)!.revision;
    let end = '';
    for await (const update of client.watch(name, { afterRevision: last })) {
      expect(update.revision).toBeGreaterThan(last);
      last = update.revision;
      end = update.metadata.state;
    }
    expect(end).toBe('JOB_STATE_SUCCEEDED');
    expect((await client.wait(first.name)).metadata.state).toBe('JOB_STATE_SUCCEEDED');
  });

  it('waits no longer than asked', async () => {
    const { name } = await client.submit('merge', joinRequest([input()], await closedGate()));
    // The job would go on for ever.
    const view = await call<longrunning.Operation>((done) =>
      operations.waitOperation({ name, timeout: { seconds: 0n, nanos: 2e8 } }, done),
    );
    expect(view.done).toBe(false);
    const failed = await failure((done) => operations.deleteOperation({ name }, done));
    expect([failed.code, infoOf(failed).reason]).toEqual([status.FAILED_PRECONDITION, 'OPERATION_NOT_DONE']);
    await client.cancel(name);
    expect((await client.wait(name)).metadata.state).toBe('JOB_STATE_CANCELLED');
    await client.delete(name);
    await expect(client.get(name)).rejects.toMatchObject({ reason: 'OPERATION_NOT_FOUND' });
  });

  it('tells its health', async () => {
    const Health = makeGenericClientConstructor(healthService, 'Health');
    const health = new Health(address, credentials.createInsecure());
    for (const service of [
      '',
      'readiness',
      'eigenloom.merge.v1.MergeService',
      'google.longrunning.Operations',
    ]) {
      const answer = await call<{ status: string }>((done) => {
        (health.check as (q: object, c: Callback) => void)({ service }, done);
      });
      expect(answer.status).toBe('SERVING');
    }
    health.close();
  });

  it('describes itself by reflection, with what the contract says', async () => {
    const path = join(
      dirname(require.resolve('@grpc/reflection')),
      '../proto/grpc/reflection/v1/reflection.proto',
    );
    const loaded = loadPackageDefinition(loadSync(path)) as unknown as {
      grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } };
    };
    const reflection = new loaded.grpc.reflection.v1.ServerReflection(address, credentials.createInsecure());
    const stream = (
      reflection['serverReflectionInfo'] as () => ClientDuplexStream<object, ReflectionAnswer>
    ).call(reflection);
    const answers = stream[Symbol.asyncIterator]() as AsyncIterator<ReflectionAnswer>;
    const ask = async (question: object): Promise<ReflectionAnswer> => {
      stream.write(question);
      return ((await answers.next()) as IteratorYieldResult<ReflectionAnswer>).value;
    };
    const { listServicesResponse } = await ask({ listServices: '' });
    const names = listServicesResponse?.service.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['eigenloom.merge.v1.MergeService', 'google.longrunning.Operations']),
    );
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol: 'eigenloom.merge.v1.TiesMerge' });
    const files = fileDescriptorResponse?.fileDescriptorProto.map((bytes) => bytes.toString('latin1')) ?? [];
    expect(files.some((bytes) => bytes.includes('TiesMerge') && bytes.includes('density'))).toBe(true);
    stream.end();
    reflection.close();
  });

  it('reports methods and reads files in chunks from an offset', async () => {
    expect((await client.methods('merge')).map(({ id }) => id)).toEqual(['task_arithmetic']);
    const { name } = await client.submit('merge', joinRequest([input(), input(), input()]));
    await client.wait(name);
    const chunks: Uint8Array[] = [];
    const request = { name, path: 'all.txt', offset: 1n };
    for await (const { chunk } of watcher.readArtifactFile(
      request,
    ) as AsyncIterable<jobs.ReadArtifactFileResponse>) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).toString()).toBe('aa');
    await expect(
      client.readFile(name, '../manifest.json')[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({
      kind: 'INVALID_INPUT',
    });
  });

  it('stops while a watch is open', async () => {
    const { name } = await client.submit('merge', joinRequest([input()], await closedGate()));
    const { heard, ended } = watch(name);
    await until('the watch is open', () => heard.length > 0);
    await running.stop();
    await ended;
    expect(heard.at(-1)?.resume).toBe(true);
    await start();
    await client.cancel(name);
  });
});
