import { dependencyDown } from '@eigenloom/errors';

/** A stream of a server's messages. */
interface Messages {
  cancel(): void;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}

/**
 * The messages of a stream, which ends with DEPENDENCY_DOWN when the server says nothing for so long: a connection to a server that is
 * stopped opens, and then no keepalive tells. The time that the reader takes does not count.
 */
export async function* unlessSilent<T>(stream: Messages, ms: number): AsyncGenerator<T> {
  const messages = stream[Symbol.asyncIterator]() as AsyncIterator<T>;
  for (;;) {
    const next = messages.next();
    next.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        stream.cancel();
        reject(dependencyDown('GRPC_UNAVAILABLE', 'the server does not answer'));
      }, ms);
    });
    try {
      const message = await Promise.race([next, silence]);
      if (message.done === true) return;
      yield message.value;
    } finally {
      clearTimeout(timer);
    }
  }
}
