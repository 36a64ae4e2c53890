import { toAppError } from '@eigenloom/errors';
import { once } from 'node:events';
import { type Config, readConfig } from '../config/config.js';
import type { AnyJobKind } from '../jobs/job-kind.js';
import type { NodeTuning } from '../node.js';
import { createLog } from '../telemetry/log.js';
import { startTelemetry } from '../telemetry/telemetry.js';
import { type Running, serve } from './serve.js';
import { stopSignals } from './stop-signals.js';

/** A process that serves. */
export interface ServiceOptions {
  /** For logs and telemetry: `merge`, or `all`. */
  readonly name: string;
  readonly kinds: readonly AnyJobKind[];
  readonly config: Config;
  readonly tuning?: NodeTuning;
  /** Called once it listens; it may still wait for NATS then. */
  readonly onListening?: (port: number) => void;
  /** Called once it is ready for jobs. */
  readonly onReady?: (port: number) => void;
}

/** Of the grace period, for spans and metrics that are still queued when the jobs have stopped. */
const SHARE_OF_FLUSH = 0.1;

/**
 * Serves until SIGTERM or SIGINT, then ends in order within the grace period; the same before it is ready. A second signal ends at
 * once.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { name, kinds, config, tuning, onListening, onReady } = options;
  const log = createLog(name, config.logLevel);
  let running: Running | undefined;
  const signal = stopSignals(log, config.graceMs, () => running?.jobs() ?? []);
  const { host, otlpEndpoint, metricsPort, graceMs } = config;
  const flushMs = graceMs * SHARE_OF_FLUSH;
  const endTelemetry = await startTelemetry({ service: name, host, otlpEndpoint, metricsPort, flushMs });
  try {
    running = await serve({
      ...{ kinds, config, log, signal },
      ...(tuning && { tuning }),
      ...(onListening && { onListening }),
    });
    onReady?.(running.port);
    if (!signal.aborted) await once(signal, 'abort');
    await running.stop();
  } catch (error) {
    // Told to stop before it was ready, it has nothing to finish.
    if (!signal.aborted || error !== signal.reason) throw error;
    log.info('stopped before it was ready');
  } finally {
    await endTelemetry();
  }
}

/** The whole of a service's main: settings from the environment, then serve. Ends the process with 1 when it cannot start. */
export function main(name: string, kinds: readonly AnyJobKind[], settings: () => Config = readConfig): void {
  const start = async (): Promise<void> => {
    await runService({ name, kinds, config: settings() });
    process.exit(0);
  };
  start().catch((thrown: unknown) => {
    const { reason, message, cause } = toAppError(thrown);
    createLog(name, 'error').fatal({ reason, err: cause }, message);
    process.exit(1);
  });
}
