import { execFile } from 'node:child_process';
import { copyFile, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { succeed } from './support/cli.js';
import { filesBelow, removeFolder, temporaryFolder } from './support/folder.js';
import { type LocalRegistry, startRegistry } from './support/local-registry.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

const REPOSITORY = join(__dirname, '../..');
const PACKAGES = [
  ...['adapters', 'checkpoint', 'cli', 'contracts', 'datasets', 'engine', 'errors', 'models', 'numeric'],
  ...['report', 'runtime', 'training'],
];
const SERVICES = ['analysis', 'init', 'merge', 'train'];

const NOT_PACKED =
  /^\/(?!node_modules\/)(src\/|.*(\.test\.|\/testing\/|\/test-modules\/|\.map$|tsbuildinfo))/;

const run = promisify(execFile);

/** Packs as `npm run pack` does and installs as a user does, in a folder that has nothing of the repository. */
describe('the packed workspaces', () => {
  let folder: string;
  let project: string;
  let registry: LocalRegistry | undefined;
  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    HOME: join(folder, 'home'),
    XDG_DATA_HOME: join(folder, 'home/data'),
    EIGENLOOM_DATA: '',
    npm_config_registry: registry?.url,
    npm_config_cache: join(folder, 'npm-cache'),
    npm_config_update_notifier: 'false',
  });
  const npx = (args: readonly string[], cwd = project): Promise<{ stdout: string }> =>
    run('npx', ['eigenloom', ...args], { cwd, env: environment() });

  beforeAll(async () => {
    folder = await temporaryFolder();
    project = join(folder, 'project');
    await mkdir(join(folder, 'home'));
    await mkdir(project);
    await run(process.execPath, ['scripts/pack.mjs', join(folder, 'packed')], { cwd: REPOSITORY });
    const folders = [
      ...PACKAGES.map((name) => `packages/${name}`),
      ...SERVICES.map((name) => `services/${name}`),
    ];
    registry = await startRegistry(folders.map((path) => join(REPOSITORY, path)));
    const packed = (await readdir(join(folder, 'packed'))).map((name) => join(folder, 'packed', name));
    await run('npm', ['install', '--no-audit', '--no-fund', ...packed], { cwd: project, env: environment() });
    await writeTinyBert(join(project, 'a'), 1);
    await writeTinyBert(join(project, 'b'), 2);
  });
  afterAll(async () => {
    await registry?.close();
    await removeFolder(folder);
  });

  const installed = (): string => join(project, 'node_modules/@eigenloom');

  it('are all that the command line needs, without tests, each with its licence', async () => {
    const names = [...PACKAGES, ...SERVICES.map((name) => `${name}-service`)].sort();
    expect((await readdir(installed())).sort()).toEqual(names);
    for (const name of names) {
      const place = join(installed(), name);
      expect(await readFile(join(place, 'LICENSE'), 'utf8')).toContain('Apache License');
      // Each is installed from its package, not linked to the repository.
      expect((await lstat(place)).isSymbolicLink()).toBe(false);
      const files = (await filesBelow(place)).map((path) => path.slice(place.length));
      expect(files.filter((path) => NOT_PACKED.test(path))).toEqual([]);
    }
  });

  it('run from any folder of the project: methods, a merge to the same bytes, a training with its worker', async () => {
    expect((await npx(['methods'])).stdout).toMatch(/merge +method +linear/);
    expect((await npx(['methods', 'show', 'ties'])).stdout).toMatch(/density/);
    await mkdir(join(project, 'deep/er'), { recursive: true });
    const merge = { models: [{ model: { uri: 'a' } }, { model: { uri: 'b' } }], linear: {} };
    await writeFile(join(project, 'merge.json'), JSON.stringify(merge));
    const deep = JSON.stringify(merge).replace(/"(a|b)"/g, '"../../$1"');
    await writeFile(join(project, 'deep/er/merge.json'), deep);
    const { stdout } = await npx(
      ['merge', 'merge.json', '--out', 'merged', '--json'],
      join(project, 'deep/er'),
    );
    const here = await succeed(['merge', 'merge.json', '--out', 'here', '--json'], project);
    const digest = (text: string): string =>
      (JSON.parse(text) as { response: { model: { digest: string } } }).response.model.digest;
    expect(digest(stdout)).toBe(digest(here.stdout));
    expect(await readdir(join(project, 'deep/er'))).toEqual(['merge.json', 'merged']);
    // Its jobs are in the user's own data folder.
    expect(await readdir(join(folder, 'home/data/eigenloom/records'))).toContain('changes');

    await writeTopics(join(project, 'train.jsonl'), 16, 1);
    await writeTinyAdapter(join(project, 'adapter'));
    const train = {
      model: { uri: 'a' },
      train_data: { uri: 'train.jsonl' },
      adapter: { uri: 'adapter' },
      sequence_classification: {},
      batching: { max_length: 16 },
      max_steps: 2,
    };
    await writeFile(join(project, 'train.json'), JSON.stringify(train));
    await npx(['train', 'train.json', '--out', 'trained']);
    expect(await readdir(join(project, 'trained'))).toContain('adapter_model.safetensors');
  });

  it('say which machines their numeric core is for', async () => {
    const platform = await readFile(join(installed(), 'numeric/native/platform'), 'utf8');
    expect(platform.trim()).toBe(`${process.platform}-${process.arch}`);
  });
});

/** `npm link` and `npm ci` link this file, the second before anything is compiled. */
describe('the bin of the repository', () => {
  const BIN = join(REPOSITORY, 'packages/cli/bin/eigenloom.js');
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => removeFolder(folder));

  it('runs by a link from any folder', async () => {
    await symlink(BIN, join(folder, 'eigenloom'));
    const { stdout } = await run(join(folder, 'eigenloom'), ['methods', 'merge'], { cwd: folder });
    expect(stdout).toContain('task_arithmetic');
  });

  it('is what the manifest names, and says what to do before the build', async () => {
    const manifest = JSON.parse(await readFile(join(REPOSITORY, 'packages/cli/package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(manifest.bin).toEqual({ eigenloom: 'bin/eigenloom.js' });
    await mkdir(join(folder, 'unbuilt'));
    await copyFile(BIN, join(folder, 'unbuilt/eigenloom.js'));
    const failure = run(process.execPath, [join(folder, 'unbuilt/eigenloom.js')]);
    await expect(failure).rejects.toMatchObject({
      code: 1,
      stderr: 'eigenloom: it is not built yet: run `npm run setup` in its repository\n',
    });
  });
});
