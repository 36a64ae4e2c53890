import { until } from '@eigenloom/testkit';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

type Check = (
  request: { service: string },
  options: { deadline: Date },
  callback: (error: Error | null, answer?: { status: string }) => void,
) => void;

const Health = makeGenericClientConstructor(service, 'Health');
const ANSWER_MS = 5_000;

/** What a server says of one of its services: `SERVING`, `NOT_SERVING`, or that it does not answer. */
export function healthOf(address: string, name: string): Promise<string> {
  const client = new Health(address, credentials.createInsecure());
  return new Promise<string>((resolve) => {
    (client['check'] as Check).call(
      client,
      { service: name },
      { deadline: new Date(Date.now() + ANSWER_MS) },
      (error, answer) => {
        resolve(error?.message ?? answer?.status ?? '');
      },
    );
  }).finally(() => {
    client.close();
  });
}

/** Waits until a server says this of its readiness. */
export async function becomes(address: string, status: 'SERVING' | 'NOT_SERVING'): Promise<void> {
  await until(`readiness is ${status}`, async () => (await healthOf(address, 'readiness')) === status);
}
