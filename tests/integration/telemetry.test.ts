import { analysis, type longrunning, pipeline } from '@eigenloom/contracts';
import { createClient } from '@eigenloom/runtime';
import { freePort, joinRequest, NatsServer, ServiceProcess, until } from '@eigenloom/testkit';
import { credentials, Metadata } from '@grpc/grpc-js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

/** What the merge service counts of its one job and of the call that watched the pipeline. */
const COUNTED = [
  /rpc_server_call_duration(_seconds)?_count\{[^}]*WatchJob/,
  /eigenloom_jobs_ended_total\{kind="merge",method="task_arithmetic",state="succeeded"[^}]*\} 1/,
  /eigenloom_job_duration(_seconds)?_count\{kind="merge"/,
];

/** A span as OTLP's JSON has it, with the service it came from. */
interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly name: string;
}
interface TraceExport {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

const spansOf = ({ resourceSpans }: TraceExport): Span[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map(({ traceId, name }) => ({ service, traceId, name })));
  });

/** Two processes that share one NATS server run a pipeline whose submission carries a W3C trace context. */
describe('telemetry', () => {
  const spans: Span[] = [];
  let collector: Server;
  let nats: NatsServer;
  let folder: string;
  let merger: ServiceProcess;
  let analyst: ServiceProcess;
  let metricsPort: number;
  let metrics: string;

  const launch = (kind: string, more: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> =>
    ServiceProcess.launch([kind], {
      NATS_URL: nats.url,
      EIGENLOOM_DATA: join(folder, 'data'),
      EIGENLOOM_ROOTS: folder,
      // The end waits for a share of this until all is exported.
      EIGENLOOM_GRACE_SECONDS: '3600',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      ...more,
    });

  beforeAll(async () => {
    collector = createServer((request, response) => {
      void json(request).then((body) => {
        if (request.url === '/v1/traces') spans.push(...spansOf(body as TraceExport));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    nats = await NatsServer.launch();
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-telemetry-'));
    await writeFile(join(folder, 'a.txt'), 'a');
    metricsPort = await freePort();
    merger = await launch('merge', { EIGENLOOM_METRICS_PORT: String(metricsPort) });
    analyst = await launch('analysis');

    const name = await submit(analyst.address);
    const client = createClient({ address: merger.address });
    expect((await client.wait(name)).error).toBeUndefined();
    await client.close();
    // Jobs and calls are counted after a client has heard of their end.
    await until('the merge and the watch are counted', async () => {
      metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return COUNTED.every((line) => line.test(metrics));
    });
    // Ending in order flushes what is still in the span queues.
    await Promise.all([merger.end(), analyst.end()]);
  });
  afterAll(async () => {
    await Promise.all([merger.end('SIGKILL'), analyst.end('SIGKILL')]);
    await nats.remove();
    collector.close();
    await rm(folder, { recursive: true });
  });

  async function submit(address: string): Promise<string> {
    const request = pipeline.RunPipelineRequest.fromPartial({
      steps: [
        {
          id: 'join',
          request: { $case: 'merge', value: joinRequest([`file:${join(folder, 'a.txt')}`]) },
        },
        {
          id: 'count',
          request: {
            $case: 'analyze',
            value: analysis.AnalyzeRequest.fromPartial({
              study: { kind: { $case: 'spectrum', value: { model: { uri: 'step:join' } } } },
            }),
          },
        },
      ],
    });
    const client = new pipeline.PipelineServiceClient(address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('traceparent', TRACEPARENT);
    try {
      const operation = await new Promise<longrunning.Operation>((resolve, reject) => {
        client.runPipeline(request, metadata, (error, value) => {
          if (error === null) resolve(value);
          else reject(error);
        });
      });
      return operation.name;
    } finally {
      client.close();
    }
  }

  it('puts the call and the jobs of both services, which NATS connects, into the trace of the client', () => {
    const mine = spans.filter(({ traceId }) => traceId === TRACE_ID);
    const named = mine.map(({ service, name }) => `${service}: ${name}`);
    expect(named).toContain('eigenloom-analysis: eigenloom.pipeline.v1.PipelineService/RunPipeline');
    expect(named).toContain('eigenloom-merge: merge job');
    expect(named).toContain('eigenloom-analysis: analysis job');
  });

  it('writes the trace id into the JSON logs of what a job logs', () => {
    const lines = `${merger.output()}${analyst.output()}`.split('\n').filter((line) => line.startsWith('{'));
    const records = lines.map((line) => JSON.parse(line) as { trace_id?: string; level: string });
    expect(records.length).toBeGreaterThan(0);
    expect(records.map(({ trace_id }) => trace_id)).toContain(TRACE_ID);
  });

  it('serves Prometheus the durations of calls and jobs, with no id in a label', () => {
    for (const line of COUNTED) expect(metrics).toMatch(line);
    expect(metrics).not.toMatch(/operations\/|-join|-count"/);
  });
});
