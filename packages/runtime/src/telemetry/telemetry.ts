import { dependencyDown } from '@eigenloom/errors';
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { hostname } from 'node:os';
import { EIGENLOOM_VERSION } from '../jobs/manifest.js';
import { observeProcess } from './observe-process.js';

/** Where signals go; without either, spans still give logs their trace ids. */
export interface TelemetryOptions {
  readonly service: string;
  readonly host: string;
  readonly otlpEndpoint: string | undefined;
  readonly metricsPort: number | undefined;
  /** The end waits no longer for a collector that is away. */
  readonly flushMs: number;
}

const EXPORT_EVERY_MS = 10_000;

/** Sets up traces and metrics for the process. Returns what flushes and ends them; a collector that is away fails nothing. */
export async function startTelemetry(options: TelemetryOptions): Promise<() => Promise<void>> {
  const { service, host, otlpEndpoint, metricsPort, flushMs } = options;
  const resource = resourceFromAttributes({
    'service.name': `eigenloom-${service}`,
    'service.version': EIGENLOOM_VERSION,
    'service.instance.id': `${hostname()}/${String(process.pid)}`,
  });
  const base = otlpEndpoint?.replace(/\/$/, '');
  const spanProcessors: SpanProcessor[] = [];
  const readers: IMetricReader[] = [];
  if (base !== undefined) {
    // The queue is bounded: when the collector is away, old spans are dropped.
    spanProcessors.push(new BatchSpanProcessor(new OTLPTraceExporter({ url: `${base}/v1/traces` })));
    const exporter = new OTLPMetricExporter({ url: `${base}/v1/metrics` });
    readers.push(new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: EXPORT_EVERY_MS }));
  }
  if (metricsPort !== undefined) readers.push(await prometheus(host, metricsPort));
  const tracers = new NodeTracerProvider({ resource, spanProcessors });
  tracers.register();
  const meters = new MeterProvider({ resource, readers });
  metrics.setGlobalMeterProvider(meters);
  const unobserve = observeProcess();
  return async () => {
    unobserve();
    const ends = Promise.allSettled([tracers.shutdown(), meters.shutdown()]);
    await Promise.race([ends, new Promise((resolve) => setTimeout(resolve, flushMs).unref())]);
  };
}

async function prometheus(host: string, port: number): Promise<IMetricReader> {
  const exporter = new PrometheusExporter({ host, port, preventServerStart: true });
  try {
    await exporter.startServer();
  } catch (cause) {
    throw dependencyDown(
      'PORT_UNAVAILABLE',
      `the metrics cannot be served on ${host}:${String(port)}: another process has the port, or it is not allowed; set EIGENLOOM_METRICS_PORT to another`,
      { cause },
    );
  }
  return exporter;
}
