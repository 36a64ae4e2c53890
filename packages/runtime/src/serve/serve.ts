import type { Logger } from 'pino';
import { type Backbone, openBackbone } from './backbone.js';
import type { Config } from '../config/config.js';
import type { AnyJobKind } from '../jobs/job-kind.js';
import { Node, type NodeTuning } from '../node.js';
import { type ConnectionAge, GrpcServer } from './grpc-server.js';
import { jobsService } from './jobs-service.js';
import { kindService } from './kind-service.js';
import { operationsService } from './operations-service.js';
import { pipelineService } from './pipeline-service.js';
import { wrapWith } from './wrap.js';

/** What is served, and how. */
export interface ServeOptions {
  readonly kinds: readonly AnyJobKind[];
  readonly config: Config;
  readonly log: Logger;
  readonly tuning?: NodeTuning;
  readonly connectionAge?: ConnectionAge;
  /** Called once it listens; it may still wait for NATS then, alive and not ready. */
  readonly onListening?: (port: number) => void;
  /** Gives the start up. */
  readonly signal?: AbortSignal;
}

/** A running server. */
export interface Running {
  readonly host: string;
  readonly port: number;
  /** Names of the jobs that run now. */
  jobs(): readonly string[];
  /** Readiness off, no new jobs, running ones queued again, calls ended, connections closed. */
  stop(): Promise<void>;
}

const HEALTH_EVERY_MS = 500;
/** For calls that are running when the jobs have stopped; watches have ended by then. */
const CALL_PATIENCE_MS = 2_000;
const NEVER = new AbortController().signal;

/**
 * Serves jobs of some kinds over gRPC, on NATS when the config names it, else on its data folder. Health is served from the
 * first moment; the rest answers UNAVAILABLE until NATS is there. Resolves once it is ready for jobs.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  const { kinds, config, log, onListening, signal = NEVER } = options;
  const backbone = await openBackbone(config, log);
  const node = nodeOn(backbone, options);
  const server = serverOf(node, options);
  try {
    const port = await server.listen(config.host, config.port);
    onListening?.(port);
    await backbone.ready(signal);
    await node.start(signal);
    const setReady = (): void => {
      server.setReady(backbone.bus.healthy());
    };
    const ready = setInterval(setReady, HEALTH_EVERY_MS);
    setReady();
    log.info({ port, kinds: kinds.map(({ kind }) => kind), nats: config.natsUrl !== undefined }, 'serving');
    return {
      host: config.host,
      port,
      jobs: () => node.running,
      stop: async () => {
        clearInterval(ready);
        server.setReady(false);
        await node.stop();
        await server.close(CALL_PATIENCE_MS);
        await backbone.close();
        log.info('stopped');
      },
    };
  } catch (error) {
    await node.stop();
    await server.close(0);
    await backbone.close();
    throw error;
  }
}

function nodeOn(backbone: Backbone, { kinds, config, log, tuning }: ServeOptions): Node {
  const { kv, bus, artifacts, interrupted } = backbone;
  const { concurrency, leaseMs, dataFolder } = config;
  return new Node({
    concurrency,
    leaseMs,
    ...tuning,
    ...{ kinds, kv, bus, artifacts, dataFolder, log, interrupted },
  });
}

function serverOf({ jobs }: Node, { kinds, config, log, connectionAge }: ServeOptions): GrpcServer {
  const wrap = wrapWith(log);
  const services = [
    ...kinds.map((kind) => kindService(kind, jobs, wrap)),
    pipelineService(jobs, wrap),
    jobsService(jobs, wrap),
    operationsService(jobs, wrap),
  ];
  return new GrpcServer(services, config.reflection, connectionAge);
}
