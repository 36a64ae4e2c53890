import { metrics } from '@opentelemetry/api';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Observes the event loop and the memory of this process at each collection. Returns what ends it. */
export function observeProcess(): () => void {
  const meter = metrics.getMeter('eigenloom');
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  meter
    .createObservableGauge('nodejs.eventloop.delay.p99', {
      unit: 's',
      description: 'Event-loop delay since the last collection, 99th percentile',
    })
    .addCallback((result) => {
      result.observe(delay.percentile(99) / 1e9);
    });
  meter
    .createObservableGauge('nodejs.eventloop.delay.max', {
      unit: 's',
      description: 'Event-loop delay since the last collection, maximum',
    })
    .addCallback((result) => {
      result.observe(delay.max / 1e9);
      delay.reset();
    });
  meter
    .createObservableGauge('process.memory.usage', { unit: 'By', description: 'Resident memory' })
    .addCallback((result) => {
      result.observe(process.memoryUsage.rss());
    });
  return () => {
    delay.disable();
  };
}
