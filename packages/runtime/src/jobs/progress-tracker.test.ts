import { ProgressTracker } from './progress-tracker.js';

describe('the remaining time', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const after = (tracker: ProgressTracker, seconds: number, fraction: number): number | undefined => {
    jest.advanceTimersByTime(1000 * seconds);
    tracker.report({ fraction });
    return tracker.take()?.remainingSeconds;
  };

  it('is unknown before a hundredth of the work is done, then follows from the rate', () => {
    const tracker = new ProgressTracker();
    expect(after(tracker, 0, 0)).toBeUndefined();
    expect(after(tracker, 5, 0.1)).toBeUndefined();
    expect(after(tracker, 1, 0.105)).toBeUndefined();
    // A tenth in 10 s: eight more take 80 s.
    expect(after(tracker, 9, 0.2)).toBeCloseTo(80, 6);
    expect(after(tracker, 1, 1)).toBe(0);
  });

  it('of a resumed job does not count what an earlier attempt has done', () => {
    const tracker = new ProgressTracker();
    expect(after(tracker, 0, 0)).toBeUndefined();
    // It takes up at 60 %.
    expect(after(tracker, 2, 0.6)).toBeUndefined();
    expect(after(tracker, 10, 0.7)).toBeCloseTo(30, 6);
  });
});
