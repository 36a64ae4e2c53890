import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/**
 * Loaded before a service (`node --require`), kills its process just before the checkpoint of the step EIGENLOOM_TEST_DIE_AT_STEP gets
 * its name: a kill -9 from outside would come at a moment that depends on the machine.
 */
const last = `step-${(process.env['EIGENLOOM_TEST_DIE_AT_STEP'] ?? '').padStart(9, '0')}`;
const { rename } = fs;
fs.rename = (from, to) => {
  if (basename(to.toString()) === last) process.kill(process.pid, 'SIGKILL');
  return rename(from, to);
};
syncBuiltinESMExports();
