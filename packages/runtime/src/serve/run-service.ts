import { toAppError } from '@eigenloom/errors';
import { type Config, readConfig } from '../config/config.js';
import type { AnyJobKind } from '../jobs/job-kind.js';
import type { NodeTuning } from '../node.js';
import { createLog } from '../telemetry/log.js';
import { startTelemetry } from '../telemetry/telemetry.js';
import { serve } from './serve.js';

/** A process that serves. */
export interface ServiceOptions {
  /** For logs and telemetry: `merge`, or `all`. */
  readonly name: string;
  readonly kinds: readonly AnyJobKind[];
  readonly config: Config;
  readonly tuning?: NodeTuning;
  /** Called once it listens. */
  readonly onReady?: (port: number) => void;
}

/** Of the grace period, for spans and metrics that are still queued when the jobs have stopped. */
const SHARE_OF_FLUSH = 0.1;

/** Serves until SIGTERM or SIGINT, then ends in order within the grace period. A second signal ends at once. */
export async function runService({ name, kinds, config, tuning, onReady }: ServiceOptions): Promise<void> {
  const log = createLog(name, config.logLevel);
  const { host, otlpEndpoint, metricsPort, graceMs } = config;
  const flushMs = graceMs * SHARE_OF_FLUSH;
  const endTelemetry = await startTelemetry({ service: name, host, otlpEndpoint, metricsPort, flushMs });
  const running = await serve({ kinds, config, log, ...(tuning && { tuning }) });
  onReady?.(running.port);
  await new Promise<void>((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => {
        log.error('did not stop within the grace period');
        process.exit(1);
      }, graceMs).unref();
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  await running.stop();
  await endTelemetry();
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
