import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, invalidInput } from '@eigenloom/errors';
import type { EngineModule } from '../engine-context.js';

/** Fails, hangs or crashes in the way that the input names. */
const misbehave: EngineModule<string, unknown> = async (how, { signal, report, call }) => {
  switch (how) {
    case 'refuse':
      throw invalidInput('RANK_TOO_LARGE', 'lora.rank', '9 is above 8');
    case 'details':
      throw new AppError('CONFLICT', 'LEASE_LOST', 'another worker', {
        details: { holder: 'b' },
        retryable: false,
      });
    case 'bug':
      throw new TypeError('secret path /a/b');
    case 'exit':
      process.exit(3);
      break;
    case 'allocate': {
      const kept: number[][] = [];
      for (;;) kept.push(new Array<number>(1e5).fill(kept.length + 0.5));
    }
    case 'wait':
      report({ phase: 'waiting' });
      await sleep(60_000, undefined, { signal });
      break;
    case 'poll':
      // No await: only `report` can notice the abort. A millisecond of work between reports, as real work has.
      for (;;) {
        const start = performance.now();
        while (performance.now() - start < 1);
        report({ metrics: { now: Date.now() } });
        signal.throwIfAborted();
      }
    case 'spin':
      report({ phase: 'spinning' });
      for (;;) Math.random();
    case 'call':
      return [await call('add', [2, 3]), await call('fence').catch((e: unknown) => (e as AppError).reason)];
    default:
      return () => how;
  }
  return null;
};
export default misbehave;
