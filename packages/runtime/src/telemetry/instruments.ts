import { type Counter, type Histogram, type Meter, metrics } from '@opentelemetry/api';

/** Bounds in seconds for calls. */
const CALL_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];
/** Bounds in seconds for jobs and their time in the queue. */
const JOB_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400];

/** Every metric of the runtime. Labels are kinds, methods, states and statuses, never ids. */
export interface Instruments {
  /** `rpc.server.call.duration`. */
  readonly serverCall: Histogram;
  /** `rpc.client.call.duration`. */
  readonly clientCall: Histogram;
  /** From start to end, by kind, method and state. */
  readonly jobDuration: Histogram;
  /** Jobs that ended, by kind, method and state. */
  readonly jobsEnded: Counter;
  /** From submission to the first start, by kind. */
  readonly queueAge: Histogram;
  /** Deliveries after the first, by kind. */
  readonly redeliveries: Counter;
  /** Jobs whose worker fell silent, by kind. */
  readonly leaseExpiries: Counter;
}

let known: { meter: Meter; instruments: Instruments } | undefined;

/** The instruments of the meter provider that is set now. */
export function instruments(): Instruments {
  const meter = metrics.getMeter('eigenloom');
  if (known?.meter !== meter) known = { meter, instruments: create(meter) };
  return known.instruments;
}

function create(meter: Meter): Instruments {
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } });
  return {
    serverCall: seconds('rpc.server.call.duration', 'Duration of calls served', CALL_SECONDS),
    clientCall: seconds('rpc.client.call.duration', 'Duration of calls made', CALL_SECONDS),
    jobDuration: seconds('eigenloom.job.duration', 'From the start of a job to its end', JOB_SECONDS),
    jobsEnded: meter.createCounter('eigenloom.jobs.ended', { description: 'Jobs that ended' }),
    queueAge: seconds('eigenloom.job.queue_age', 'From submission to the first start', JOB_SECONDS),
    redeliveries: meter.createCounter('eigenloom.bus.redeliveries', {
      description: 'Deliveries after the first',
    }),
    leaseExpiries: meter.createCounter('eigenloom.job.lease_expiries', {
      description: 'Jobs whose worker fell silent',
    }),
  };
}
