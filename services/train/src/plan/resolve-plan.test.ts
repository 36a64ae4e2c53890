import { contextIn, requestOf } from '../testing/tiny-runs.js';
import { resolvePlan } from './resolve-plan.js';

const SETTING = 'EIGENLOOM_BACKEND';

describe('the backend of a request', () => {
  const before = process.env[SETTING];
  afterEach(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, SETTING);
    else process.env[SETTING] = before;
  });
  const backendOf = async (setting: string, backend?: string): Promise<string> => {
    process.env[SETTING] = setting;
    const request = requestOf({
      model: { uri: 'm' },
      trainData: { uri: 'd' },
      full: {},
      causalLanguageModeling: {},
      ...(backend === undefined ? {} : { backend }),
    });
    return (await resolvePlan(request, contextIn('scratch'))).backend;
  };

  it('is its own, else that of the setting, else native', async () => {
    expect(await backendOf('webgpu', 'BACKEND_TENSORFLOW')).toBe('tensorflow');
    expect(await backendOf('webgpu')).toBe('webgpu');
    expect(await backendOf('')).toBe('native');
  });

  it('is refused where the setting is no backend, by its name', async () => {
    await expect(backendOf('cuda')).rejects.toMatchObject({
      reason: 'CONFIG_INVALID',
      message: expect.stringContaining('EIGENLOOM_BACKEND') as string,
    });
  });
});
