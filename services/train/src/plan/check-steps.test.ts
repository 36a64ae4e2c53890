import { checkSteps } from './check-steps.js';

test('a run whose log would not fit into one text is refused with the limit', () => {
  expect(() => {
    checkSteps(2_000_000);
  }).not.toThrow();
  let thrown: unknown;
  try {
    checkSteps(2_000_001);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    reason: 'OUT_OF_RANGE',
    fieldViolations: [{ field: 'max_steps' }],
    message: expect.stringContaining('more than a run may have, 2000000') as string,
  });
});
