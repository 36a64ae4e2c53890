import { invalidInput } from '@eigenloom/errors';
import { availableParallelism } from 'node:os';
import { delimiter, resolve } from 'node:path';
import { z } from 'zod';
import { faultOfNatsUrl } from '../nats/nats-address.js';
import { defaultDataFolder } from './data-folder.js';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const seconds = z.coerce.number().positive().max(86_400);
const folders = z.string().transform((text) =>
  text
    .split(delimiter)
    .filter((each) => each !== '')
    .map((each) => resolve(each)),
);

const backend = z.enum(['native', 'tensorflow', 'webgpu']).default('native');

/** Every variable that the services read. Empty means unset. */
const SCHEMA = z.object({
  /** Address that gRPC listens on. */
  EIGENLOOM_HOST: z.string().default('127.0.0.1'),
  /** Port of gRPC; 0 picks a free one. */
  EIGENLOOM_PORT: port.default(50_051),
  /** Records (without NATS), artifacts and scratch. With NATS: a volume that all services share. */
  EIGENLOOM_DATA: z
    .string()
    .default(() => defaultDataFolder())
    .transform((path) => resolve(path)),
  /** Size of what jobs share in the data folder, in bytes; what has not been used for the longest time goes. */
  EIGENLOOM_CACHE_BYTES: z.coerce.number().int().min(0).default(20_000_000_000),
  /** Folders that `file:` URIs may name, joined by `:`. Default: the working folder. */
  EIGENLOOM_ROOTS: folders.default([process.cwd()]),
  /** Bus and records; without it both are in this process. */
  NATS_URL: z
    .string()
    .superRefine((text, context) => {
      const message = faultOfNatsUrl(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  /** Collector for traces and metrics, OTLP over HTTP. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  /** Port of the Prometheus endpoint, on the same address as gRPC; unset: none. */
  EIGENLOOM_METRICS_PORT: port.optional(),
  /** Where tensors of a training are computed when the request does not say. */
  EIGENLOOM_BACKEND: backend,
  EIGENLOOM_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Jobs at a time, for each kind. */
  EIGENLOOM_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(availableParallelism() * 4)
    .default(1),
  /** A worker silent for so long loses its job. */
  EIGENLOOM_LEASE_SECONDS: seconds.default(30),
  /** After SIGTERM, the process ends within this time. */
  EIGENLOOM_GRACE_SECONDS: seconds.default(50),
  /** Whether gRPC reflection describes the services. */
  EIGENLOOM_REFLECTION: flag.default(true),
});

/** Settings of a service, from the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataFolder: string;
  readonly cacheBytes: number;
  readonly roots: readonly string[];
  readonly natsUrl: string | undefined;
  readonly otlpEndpoint: string | undefined;
  readonly metricsPort: number | undefined;
  readonly logLevel: string;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly reflection: boolean;
}

/** Reads the settings; throws InvalidInput `CONFIG_INVALID` naming the variable. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = SCHEMA.safeParse(set);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidInput(
      'CONFIG_INVALID',
      String(issue?.path[0] ?? 'environment'),
      issue?.message ?? 'is invalid',
    );
  }
  const values = parsed.data;
  return {
    host: values.EIGENLOOM_HOST,
    port: values.EIGENLOOM_PORT,
    dataFolder: values.EIGENLOOM_DATA,
    cacheBytes: values.EIGENLOOM_CACHE_BYTES,
    roots: values.EIGENLOOM_ROOTS,
    natsUrl: values.NATS_URL,
    otlpEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    metricsPort: values.EIGENLOOM_METRICS_PORT,
    logLevel: values.EIGENLOOM_LOG_LEVEL,
    concurrency: values.EIGENLOOM_CONCURRENCY,
    leaseMs: values.EIGENLOOM_LEASE_SECONDS * 1000,
    graceMs: values.EIGENLOOM_GRACE_SECONDS * 1000,
    reflection: values.EIGENLOOM_REFLECTION,
  };
}

/** The backend of a request that names none; throws InvalidInput `CONFIG_INVALID`. */
export function defaultBackend(environment: NodeJS.ProcessEnv = process.env): z.output<typeof backend> {
  const parsed = backend.safeParse(environment['EIGENLOOM_BACKEND'] || undefined);
  if (parsed.success) return parsed.data;
  throw invalidInput('CONFIG_INVALID', 'EIGENLOOM_BACKEND', parsed.error.issues[0]?.message ?? 'is invalid');
}
