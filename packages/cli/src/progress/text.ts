import type { Snapshot } from './snapshot.js';

/** `8 s`, `2 min 05 s`, `3 h 04 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** Four significant digits, without an exponent where it can be helped. */
export function formatMetric(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9
    ? String(value)
    : String(Number(value.toPrecision(4)));
}

/** What a job that does nothing waits for is said too. */
const STATES: Readonly<Record<Snapshot['state'], string>> = {
  waiting: 'waiting for other steps',
  queued: 'queued until a worker of its kind is free',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Phase, remaining time and metrics, separated by commas: what may be cut off comes last. */
export function describe(snapshot: Snapshot): string {
  const active = snapshot.state === 'running';
  const parts = [
    active ? snapshot.phase || 'running' : STATES[snapshot.state],
    ...(snapshot.attempt > 1 && active ? [`attempt ${snapshot.attempt}`] : []),
    ...(active && snapshot.remainingSeconds !== undefined
      ? [`${formatSeconds(snapshot.remainingSeconds)} left`]
      : []),
    ...snapshot.metrics.map(([name, value]) => `${name} ${formatMetric(value)}`),
  ];
  return parts.join(', ');
}

/** How far a job was when its process died: `at 43 % (training, step 120)`. */
export function describeLeft({ percent, phase, metrics }: Snapshot): string {
  if (percent === undefined) return 'before it began';
  const step = metrics.find(([name]) => name === 'step')?.[1];
  const parts = [phase, step === undefined ? '' : `step ${step}`].filter((part) => part !== '');
  return `at ${Math.floor(percent)} %${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.4 GiB`. */
export function formatBytes(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
