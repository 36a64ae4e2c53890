import { readConfig, runService } from '@eigenloom/runtime';
import { TEST_KINDS } from './test-kinds.js';

/** A service process for tests: the kinds are its arguments. */
const kinds = process.argv.slice(2).flatMap((name) => TEST_KINDS[name] ?? []);

runService({
  name: kinds.map(({ kind }) => kind).join('-'),
  kinds,
  config: readConfig(),
  tuning: {
    // No machine is slow enough to lose it: a test ends it by `expireLease`.
    leaseMs: 3_600_000,
    progressMs: 50,
    sweepMs: 100,
    rehintMs: 60_000,
  },
  onListening: (port) => process.send?.({ listening: port }),
  onReady: (port) => process.send?.({ port }),
}).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
