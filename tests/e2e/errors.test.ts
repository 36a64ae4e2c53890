import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkMessage, contractOf } from '@eigenloom/runtime';
import { until } from '@eigenloom/testkit';
import { cli } from './support/cli.js';
import { ERROR_CASES, type ErrorCase } from './support/error-cases/index.js';
import { errorsGuide } from './support/errors-guide.js';
import { filesBelow, removeFolder, temporaryFolder } from './support/folder.js';
import { failureOver } from './support/grpc.js';
import { type Server, startServer } from './support/server.js';

/** A line of a stack, a path of this program, or the name of one of its source files. */
const INTERNALS = /\bat .*:\d+|node_modules|\/dist\/|\.(ts|js|rs):\d+|panicked/;

const recipeOf = (each: ErrorCase): string => JSON.stringify(each.request);
const command = ({ service }: ErrorCase): string[] =>
  service === 'analysis' ? ['analyze', 'spectrum'] : [service];

/**
 * What a failed command may leave: its inputs, records of jobs, and digests of inputs that had not changed for a while when they were
 * read. Artifacts, staging folders and scratch files are none of these.
 */
const leftovers = async (folder: string): Promise<string[]> =>
  (await filesBelow(folder)).filter((path) => !/\/(\.eigenloom|mesh)\/(records|digests)\//.test(path));

describe('every failure', () => {
  let folder: string;
  let server: Server;
  let stop = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(join(folder, 'served'));
    server = await startServer(join(folder, 'served'));
    stop = server.stop;
  });
  afterAll(async () => {
    await stop();
    await removeFolder(folder);
  });

  describe.each(ERROR_CASES.map((each, index) => [each.title, each, index] as const))(
    '%s',
    (_, each, index) => {
      let work: string;
      beforeAll(async () => {
        work = join(folder, 'served', String(index));
        await mkdir(work);
        await each.prepare(work);
        await writeFile(join(work, 'recipe.json'), recipeOf(each));
      });

      const { code } = each;
      if (code !== undefined) {
        it('has its gRPC status and reason', async () => {
          const before = await leftovers(folder);
          const failure = await failureOver(server.address, each.service, onTheWire(each, work));
          expect(failure).toMatchObject({ code, reason: each.reason, errorInfos: 1 });
          expect(failure?.message).not.toMatch(INTERNALS);
          // What the job wrote goes after its record says that it failed.
          await until('nothing is left of the job', async () =>
            isDeepStrictEqual(await leftovers(folder), before),
          );
        });
      }

      it('is one line and an exit status on the command line', async () => {
        const before = await leftovers(work);
        const args = each.commandLine ?? [...command(each), 'recipe.json', '--out', 'out'];
        const reach = each.throughServer === true ? ['--server', server.address] : [];
        const { status, stdout, stderr } = await cli([...args, ...reach], work);
        const failures = stderr.split('\n').filter((line) => line.startsWith('eigenloom: '));
        expect(failures).toEqual([expect.stringMatching(each.message)]);
        expect(stderr.trimEnd().split('\n').at(-1)).toBe(failures[0]);
        expect(stderr).not.toMatch(INTERNALS);
        expect(stdout).toBe('');
        expect(status).toBe(each.exitStatus);
        expect(await leftovers(work)).toEqual(before);
      });
    },
  );

  it('is listed in docs/guides/errors.md', async () => {
    const path = join(__dirname, '../../docs/guides/errors.md');
    const guide = errorsGuide(ERROR_CASES);
    // EIGENLOOM_UPDATE_GUIDES=1 npx jest tests/e2e/errors writes it.
    if (process.env['EIGENLOOM_UPDATE_GUIDES']) await writeFile(path, guide);
    expect(await readFile(path, 'utf8')).toBe(guide);
  });
});

/** What a client of a server sends: proto3 JSON in which the paths of the URIs are absolute, and the result goes where the command puts it. */
function onTheWire(each: ErrorCase, folder: string): unknown {
  const request = JSON.parse(recipeOf(each), (key, value: unknown) =>
    key === 'uri' && typeof value === 'string' && !/^[a-z]+:/.test(value)
      ? `file:${join(folder, value)}`
      : value,
  ) as object;
  return checkMessage(contractOf(each.service).requestType, {
    ...request,
    ...each.wireRequest?.(folder),
    output_uri: `file:${join(folder, each.wireOutput ?? 'out')}`,
  });
}
