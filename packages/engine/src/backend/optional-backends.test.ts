import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addSoftwareGpu } from '../testing/software-gpu.js';
import { runOnEngine } from '../worker/run-on-engine.js';
import { missingBackend } from './missing-backend.js';
import { setBackend } from './set-backend.js';

describe.each([
  ['tensorflow', 'EIGENLOOM_TENSORFLOW'],
  ['webgpu', 'EIGENLOOM_WEBGPU'],
] as const)('%s', (backend, setting) => {
  let folder: string;
  const before = process.env[setting];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backend-'));
    process.env[setting] = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (before === undefined) Reflect.deleteProperty(process.env, setting);
    else process.env[setting] = before;
  });

  it('names the command that installs it', async () => {
    const expected = `npm run setup -- ${backend}`;
    await expect(setBackend(backend)).rejects.toMatchObject({
      kind: 'DEPENDENCY_DOWN',
      reason: 'BACKEND_UNAVAILABLE',
      retryable: false,
      message: expect.stringContaining(expected) as string,
    });
    expect(missingBackend(backend)).toContain(expected);
  });

  it('refuses a tfjs-core of its own, and is then not missing but defective', async () => {
    const core = join(folder, 'node_modules/@tensorflow/tfjs-core');
    mkdirSync(core, { recursive: true });
    writeFileSync(join(core, 'index.js'), '');
    await expect(setBackend(backend)).rejects.toMatchObject({
      reason: 'BACKEND_DEFECTIVE',
      message: expect.stringContaining('tfjs-core of its own') as string,
    });
    expect(missingBackend(backend)).toBeNull();
  });
});

describe('errors of a GPU', () => {
  addSoftwareGpu();
  const missing = missingBackend('webgpu');
  (missing === null ? it : it.skip)(
    missing === null ? 'fail what is read after them' : `skipped: ${missing}`,
    async () => {
      const fill = join(__dirname, '..', 'worker', 'test-modules', 'fill-gpu.js');
      await expect(runOnEngine(fill, null, { backend: 'webgpu' })).rejects.toMatchObject({
        reason: 'GPU_ERROR',
      });
    },
  );
});
