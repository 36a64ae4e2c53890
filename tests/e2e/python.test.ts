import { join } from 'node:path';
import { createClient, requestFromObject } from '@eigenloom/runtime';
import { filesBelow, removeFolder, temporaryFolder } from './support/folder.js';
import { describeWithPeers, python, type PythonOutcome } from './support/peers.js';
import { type Server, startServer } from './support/server.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

const EXAMPLES = join(__dirname, '../../examples/python');

describeWithPeers('the Python client', ['grpc', 'grpc_tools'], () => {
  let folder: string;
  let server: Server;
  let stop = (): Promise<void> => Promise.resolve();
  const client = (...args: string[]): Promise<PythonOutcome> =>
    python([join(EXAMPLES, 'client.py'), ...args], { PYTHONPATH: join(folder, 'generated') });

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeTinyBert(join(folder, 'model'));
    await writeTopics(join(folder, 'train.jsonl'), 64, 1);
    await writeTinyAdapter(join(folder, 'start'));
    const generated = await python([join(EXAMPLES, 'generate.py'), join(folder, 'generated')]);
    if (generated.status !== 0) throw new Error(generated.stderr);
    server = await startServer(folder);
    stop = server.stop;
  });
  afterAll(async () => {
    await stop();
    await removeFolder(folder);
  });

  const submit = (model: string, out: string): Promise<PythonOutcome> =>
    client(
      ...['submit', server.address, '--model', `file:${join(folder, model)}`],
      ...['--out', `file:${join(folder, out)}`, '--target', 'query,value', '--rank', '4'],
    );

  it('submits a job and watches it to its end', async () => {
    const submitted = await submit('model', 'adapter');
    expect(submitted).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^operations\/\S+\n$/) as string,
    });
    const watched = await client('watch', server.address, submitted.stdout.trim());
    expect(watched.status).toBe(0);
    expect(watched.stdout).toMatch(/: succeeded/);
    expect(watched.stdout).toMatch(/^file:.*adapter [0-9a-f]{64}$/m);
    expect(await filesBelow(join(folder, 'adapter'))).toContain(
      join(folder, 'adapter/adapter_model.safetensors'),
    );
  });

  it('reads the reason of a refusal', async () => {
    expect(await submit('none', 'nothing')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^FILE_NOT_FOUND: model\.uri: .*does not exist\n$/) as string,
    });
  });

  it('cancels a job', async () => {
    // A long training run, which another client started.
    const name = await submitTraining(server.address, {
      model: { uri: `file:${join(folder, 'model')}` },
      train_data: { uri: `file:${join(folder, 'train.jsonl')}` },
      adapter: { uri: `file:${join(folder, 'start')}` },
      sequence_classification: {},
      batching: { max_length: 16 },
      max_steps: 1_000_000,
      output_uri: `file:${join(folder, 'trained')}`,
    });
    const watched = client('watch', server.address, name);
    expect((await client('cancel', server.address, name)).status).toBe(0);
    expect(await watched).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/: cancelled/) as string,
      stderr: expect.stringMatching(/^CANCELLED: /) as string,
    });
    expect((await filesBelow(folder)).filter((path) => path.includes('trained'))).toEqual([]);
  });
});

/** Submits with our own client and returns the name of the job. */
async function submitTraining(address: string, document: object): Promise<string> {
  const client = createClient({ address });
  try {
    return (await client.submit('train', requestFromObject('train', document))).name;
  } finally {
    await client.close();
  }
}
