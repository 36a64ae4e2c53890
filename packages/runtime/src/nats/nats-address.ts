import type { ConnectionOptions } from '@nats-io/transport-node';

/** Where NATS is, and who asks. */
export type NatsAddress = Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'tls'>;

/** What is wrong with NATS_URL, or undefined. */
export function faultOfNatsUrl(text: string): string | undefined {
  for (const part of text.split(',').map((each) => each.trim())) {
    if (!/^(nats|tls):\/\//.test(part)) return 'must begin with nats:// or tls://';
    const url = URL.canParse(part) ? new URL(part) : undefined;
    if (url === undefined || url.hostname === '') {
      return 'must be nats://HOST:PORT, or several joined by commas';
    }
  }
  return undefined;
}

/** The connection's options of `nats://[USER[:PASSWORD]@]HOST[:PORT][,…]`; a user without a password is a token. */
export function natsAddress(text: string): NatsAddress {
  const urls = text.split(',').map((each) => new URL(each.trim()));
  const named = urls.find(({ username }) => username !== '');
  const user = decodeURIComponent(named?.username ?? '');
  const pass = decodeURIComponent(named?.password ?? '');
  return {
    servers: urls.map(({ host }) => host),
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
    ...(user !== '' && (pass === '' ? { token: user } : { user, pass })),
  };
}

/** For logs: without who asks. */
export function shownNatsUrl(text: string): string {
  return text
    .split(',')
    .map((each) => new URL(each.trim()))
    .map(({ protocol, host }) => `${protocol}//${host}`)
    .join(',');
}
