import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_STATUS } from './exit-status.js';

describe('exit status', () => {
  it('is documented for each kind of error', () => {
    const guide = readFileSync(join(__dirname, '../../../docs/guides/cli.md'), 'utf8');
    const rows = [...guide.matchAll(/^\| (\d+) \| ([A-Z_]+) \|/gm)].map(([, status, kind]) => [
      kind,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(EXIT_STATUS);
  });

  it('tells the kinds apart', () => {
    const statuses = Object.values(EXIT_STATUS);
    expect(new Set(statuses).size).toBe(statuses.length);
  });
});
