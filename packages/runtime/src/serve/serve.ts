import type { Logger } from 'pino';
import { connectBackbone } from './backbone.js';
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
}

/** A running server. */
export interface Running {
  readonly host: string;
  readonly port: number;
  /** Readiness off, no new jobs, running ones queued again, calls ended, connections closed. */
  stop(): Promise<void>;
}

const HEALTH_EVERY_MS = 500;
/** For calls that are running when the jobs have stopped; watches have ended by then. */
const CALL_PATIENCE_MS = 2_000;

/** Serves jobs of some kinds over gRPC, on NATS when the config names it, else on its data folder. */
export async function serve({ kinds, config, log, tuning, connectionAge }: ServeOptions): Promise<Running> {
  const backbone = await connectBackbone(config);
  try {
    const { kv, bus, artifacts, interrupted } = backbone;
    const { concurrency, leaseMs, dataFolder } = config;
    const node = new Node({
      concurrency,
      leaseMs,
      ...tuning,
      kinds,
      kv,
      bus,
      artifacts,
      dataFolder,
      log,
      interrupted,
    });
    const wrap = wrapWith(log);
    const { jobs } = node;
    const services = [
      ...kinds.map((kind) => kindService(kind, jobs, wrap)),
      pipelineService(jobs, wrap),
      jobsService(jobs, wrap),
      operationsService(jobs, wrap),
    ];
    const server = new GrpcServer(services, config.reflection, connectionAge);
    await node.start();
    const port = await server.listen(config.host, config.port);
    const ready = setInterval(() => {
      server.setReady(bus.healthy());
    }, HEALTH_EVERY_MS);
    server.setReady(bus.healthy());
    log.info({ port, kinds: kinds.map(({ kind }) => kind), nats: config.natsUrl !== undefined }, 'serving');
    return {
      host: config.host,
      port,
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
    await backbone.close();
    throw error;
  }
}
