import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNot } from './addon.js';

describe('a numeric core that cannot be loaded', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-core-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is not built', () => {
    expect(whyNot(folder, new Error('no file'))).toMatch(/not built: run `npm run setup`/);
  });

  it('is built for another machine, which is named with this one', async () => {
    await writeFile(join(folder, 'numeric.node'), '');
    await writeFile(join(folder, 'platform'), 'plan9-vax\n');
    expect(whyNot(folder, new Error('invalid header'))).toMatch(
      `built for plan9-vax, and this machine is ${process.platform}-${process.arch}: pack it on such a machine`,
    );
  });

  it('does not load although it should: the reason is told', async () => {
    await writeFile(join(folder, 'numeric.node'), '');
    expect(whyNot(folder, new Error('GLIBC_2.38 not found'))).toMatch(
      /does not load .*GLIBC_2\.38 not found/,
    );
  });
});
