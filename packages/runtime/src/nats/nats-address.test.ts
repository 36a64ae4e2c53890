import { readConfig } from '../config/config.js';
import { faultOfNatsUrl, natsAddress, shownNatsUrl } from './nats-address.js';

test.each([
  ['http://nats:4222', 'must begin with nats://'],
  ['ws://nats:80', 'must begin with nats://'],
  ['nats:4222', 'must begin with nats://'],
  ['nats://', 'must be nats://HOST:PORT'],
  ['nats://nats:99999', 'must be nats://HOST:PORT'],
  ['nats://a:4222,b:4222', 'must begin with nats://'],
])('%s is refused, naming the variable', (url, fault) => {
  expect(faultOfNatsUrl(url)).toContain(fault);
  expect(() => readConfig({ NATS_URL: url })).toThrow(`NATS_URL: ${fault}`);
});

test('servers and who asks are taken from the URL, and logs show the servers only', () => {
  const url = 'nats://loom:p%40ss@a:4222,nats://b:4223';
  expect(faultOfNatsUrl(url)).toBeUndefined();
  expect(natsAddress(url)).toEqual({ servers: ['a:4222', 'b:4223'], user: 'loom', pass: 'p@ss' });
  expect(natsAddress('tls://secret@a:4222')).toEqual({ servers: ['a:4222'], tls: {}, token: 'secret' });
  expect(shownNatsUrl(url)).toBe('nats://a:4222,nats://b:4223');
});
