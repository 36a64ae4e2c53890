import { descriptorSetPath } from '@eigenloom/contracts';
import { dependencyDown } from '@eigenloom/errors';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { readFileSync } from 'node:fs';
import type { Served } from './kind-service.js';
import { ServerSockets } from './server-sockets.js';

/** Health service that follows the bus; the nameless one only says that the process lives. */
export const READINESS = 'readiness';

const MINUTE_MS = 60_000;
const SERVER_OPTIONS = {
  // Requests are recipes: 256 KiB at most. Responses of long training runs carry a loss for each step.
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  'grpc.keepalive_time_ms': MINUTE_MS,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Clients move to new replicas within the half hour; a watch ends itself within the grace.
  'grpc.max_connection_age_ms': 30 * MINUTE_MS,
  'grpc.max_connection_age_grace_ms': 11 * MINUTE_MS,
  'grpc.max_concurrent_streams': 1000,
};

/** Age of connections; tests shorten it. */
export interface ConnectionAge {
  readonly ageMs: number;
  readonly graceMs: number;
}

/** A gRPC server with health and reflection. */
export class GrpcServer {
  readonly health: HealthImplementation;
  private readonly server: Server;
  private sockets: ServerSockets | undefined;

  constructor(
    private readonly services: readonly Served[],
    reflection: boolean,
    age?: ConnectionAge,
  ) {
    this.server = new Server({
      ...SERVER_OPTIONS,
      ...(age && {
        'grpc.max_connection_age_ms': age.ageMs,
        'grpc.max_connection_age_grace_ms': age.graceMs,
      }),
    });
    for (const { definition, handlers } of services) this.server.addService(definition, handlers);
    this.health = new HealthImplementation({ '': 'SERVING' });
    this.health.addToServer(this.server);
    this.setReady(false);
    if (reflection) {
      const set = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetPath));
      new ReflectionService(set, { services: services.map(({ name }) => name) }).addToServer(this.server);
    }
  }

  setReady(ready: boolean): void {
    const status = ready ? 'SERVING' : 'NOT_SERVING';
    for (const name of [READINESS, ...this.services.map((each) => each.name)]) {
      this.health.setStatus(name, status);
    }
  }

  /** Listens and returns the port. Errors: DEPENDENCY_DOWN `PORT_UNAVAILABLE`. */
  async listen(host: string, port: number): Promise<number> {
    const bound = await this.bind(host, port);
    this.sockets = new ServerSockets(bound);
    return bound;
  }

  private bind(host: string, port: number): Promise<number> {
    const address = host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else
          reject(
            dependencyDown(
              'PORT_UNAVAILABLE',
              `cannot listen on ${address}: another process has the port, or it is not allowed; choose another port`,
              { cause: error },
            ),
          );
      });
    });
  }

  /** Lets running calls end for a while, then ends them, and cuts off whoever does not even take notice. */
  async close(patienceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.server.forceShutdown();
        resolve();
      }, patienceMs);
      this.server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.sockets?.destroy();
  }
}
