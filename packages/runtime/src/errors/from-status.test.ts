import { AppError, internal, numericFailure } from '@eigenloom/errors';
import { fromStatus } from './from-status.js';
import { GRPC_CODE } from './grpc-codes.js';
import { toStatus } from './to-status.js';

test.each(Object.keys(GRPC_CODE) as (keyof typeof GRPC_CODE)[])('%s keeps its kind and reason', (kind) => {
  const error = fromStatus(toStatus(new AppError(kind, 'SOME_REASON', 'why', { details: { tensor: 'w' } })));
  expect(error).toMatchObject({ kind, reason: 'SOME_REASON', details: { tensor: 'w' } });
});

test('errors of our own keep their text, what is unknown says nothing of itself', () => {
  expect(fromStatus(toStatus(numericFailure('SINGULAR', 'w: singular'))).message).toBe('w: singular');
  expect(fromStatus(toStatus(internal('IO', 'x: the disk failed'))).message).toBe('x: the disk failed');
  expect(fromStatus(toStatus(new Error('secret'))).message).toBe('internal error');
});

test('a foreign status is internal', () => {
  expect(fromStatus({ code: 13, message: 'boom', details: [] })).toMatchObject({
    kind: 'INTERNAL',
    reason: 'UNKNOWN',
  });
});
