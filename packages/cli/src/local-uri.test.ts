import { localUri } from './local-uri.js';

describe('localUri', () => {
  it.each([
    ['models/a', 'file:/home/a/models/a'],
    ['./a', 'file:/home/a/a'],
    ['../a', 'file:/home/a'],
    ['/data/a', 'file:/data/a'],
    ['file:a', 'file:/home/a/a'],
    ['file:/data/a', 'file:/data/a'],
    ['file:///data/a', 'file:/data/a'],
    ['hf:owner/name', 'hf:owner/name'],
    ['job:abc/residual', 'job:abc/residual'],
    ['step:start', 'step:start'],
    ['s3:bucket/a', 's3:bucket/a'],
  ])('%s is %s', (uri, expected) => {
    expect(localUri(uri, '/home/a')).toBe(expected);
  });
});
