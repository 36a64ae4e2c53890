import { AppError, incompatible } from '@eigenloom/errors';
import { describeFailure } from './failure.js';

describe('describeFailure', () => {
  it('is one line whatever the message holds', () => {
    expect(describeFailure(incompatible('X', 'tensor \u001b[31ma\nb\u2028c does not fit'))).toEqual({
      line: 'eigenloom: tensor [31ma b c does not fit',
      status: 4,
    });
  });

  it('says nothing of an unexpected error but that it happened', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toEqual({
      line: 'eigenloom: internal error',
      status: 1,
    });
  });

  it('knows a cancelled job', () => {
    expect(describeFailure(new AppError('CANCELLED', 'CANCELLED', 'cancelled')).status).toBe(130);
  });
});
