import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { renderInWorker } from './render-in-worker.js';

describe('renderInWorker', () => {
  it('says why a page could not be drawn', async () => {
    await expect(renderInWorker(join(tmpdir(), 'no-such-folder'))).rejects.toMatchObject({
      reason: 'REPORT_NOT_DRAWN',
      cause: { reason: 'REPORT_MISSING' },
    });
  });
});
