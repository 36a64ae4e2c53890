import { createClient, type JobsClient, type JobView } from '@eigenloom/runtime';
import { Gate, joinRequest, type NatsServer, ServiceProcess } from '@eigenloom/testkit';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Services over one NATS server, on one folder, and clients of theirs. */
export class Mesh {
  private readonly processes: ServiceProcess[] = [];
  private readonly clients: JobsClient[] = [];

  private constructor(
    readonly nats: NatsServer,
    readonly folder: string,
  ) {}

  static async on(nats: NatsServer): Promise<Mesh> {
    const folder = await mkdtemp(join(tmpdir(), 'eigenloom-mesh-'));
    await writeFile(join(folder, 'a.txt'), 'a');
    return new Mesh(nats, folder);
  }

  get input(): string {
    return `file:${join(this.folder, 'a.txt')}`;
  }

  /** Starts a service; it may still wait for its bus. */
  async begin(more: Readonly<Record<string, string>> = {}, kind = 'merge'): Promise<ServiceProcess> {
    const started = await ServiceProcess.begin([kind], {
      NATS_URL: this.nats.url,
      EIGENLOOM_DATA: join(this.folder, 'data'),
      EIGENLOOM_ROOTS: this.folder,
      ...more,
    });
    this.processes.push(started);
    return started;
  }

  /** Starts a service that is ready for jobs. */
  async launch(more: Readonly<Record<string, string>> = {}, kind = 'merge'): Promise<ServiceProcess> {
    const started = await this.begin(more, kind);
    await started.ready;
    return started;
  }

  client({ address }: { readonly address: string }): JobsClient {
    const client = createClient({ address });
    this.clients.push(client);
    return client;
  }

  /** A job that has ended well. */
  async finished(client: JobsClient): Promise<JobView> {
    return client.wait((await client.submit('merge', joinRequest([this.input]))).name);
  }

  /** A job that goes on until it is cancelled, once it runs. */
  async endless(client: JobsClient, more: { outputUri?: string; requestId?: string } = {}): Promise<string> {
    const gate = await Gate.closed(join(this.folder, 'closed'));
    const { name } = await client.submit('merge', { ...joinRequest([this.input], gate), ...more });
    for await (const { metadata } of client.watch(name)) {
      if (metadata.progress?.metrics.tick !== undefined) break;
    }
    return name;
  }

  async remove(): Promise<void> {
    for (const client of this.clients) await client.close();
    await Promise.all(this.processes.map((each) => each.end('SIGKILL')));
    await rm(this.folder, { recursive: true, force: true });
  }
}
