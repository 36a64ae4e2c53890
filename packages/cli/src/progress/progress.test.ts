import { jobs } from '@eigenloom/contracts';
import { barLine } from './bar.js';
import { createLines } from './lines.js';
import { snapshotOf, type Snapshot } from './snapshot.js';
import { formatBytes, formatMetric, formatSeconds } from './text.js';

const running: Snapshot = {
  state: 'running',
  percent: 42.9,
  phase: 'step 3 of 7',
  remainingSeconds: 125,
  metrics: [['loss', 0.123456]],
  attempt: 1,
};

describe('snapshotOf', () => {
  it('keeps unknown progress unknown', () => {
    expect(snapshotOf(jobs.JobMetadata.fromPartial({ state: jobs.JobState.QUEUED }))).toEqual({
      state: 'queued',
      phase: '',
      metrics: [],
      attempt: 0,
    });
  });

  it('reads percent, remaining time and metrics', () => {
    const metadata = jobs.JobMetadata.fromPartial({
      state: jobs.JobState.RUNNING,
      attempt: 1,
      progress: {
        percent: 42.9,
        phase: 'step 3 of 7',
        remaining: { seconds: 125n },
        metrics: { loss: 0.123456 },
      },
    });
    expect(snapshotOf(metadata)).toEqual(running);
  });
});

describe('text', () => {
  it.each([
    [0.4, '0 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [11_040, '3 h 04 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [0.123456, '0.1235'],
    [1200, '1200'],
    [1234.56, '1235'],
    [3e-7, '3e-7'],
  ])('the metric %d is %s', (value, text) => {
    expect(formatMetric(value)).toBe(text);
  });

  it('counts bytes in powers of 1024', () => {
    expect([formatBytes(1023n), formatBytes(1536n), formatBytes(5n * 2n ** 30n)]).toEqual([
      '1023 B',
      '1.5 KiB',
      '5.0 GiB',
    ]);
  });
});

describe('barLine', () => {
  it('draws the share done, what happens and what remains', () => {
    expect(barLine('train lora', running, 200)).toBe(
      `train lora ${'█'.repeat(10)}${'░'.repeat(14)}  42 %  step 3 of 7, 2 min 05 s left, loss 0.1235`,
    );
  });

  it('never wraps', () => {
    expect(barLine('train lora', running, 40)).toHaveLength(39);
  });
});

describe('createLines', () => {
  it('prints a line per phase, and otherwise one every ten seconds', () => {
    let now = 0;
    let text = '';
    const stream = { write: (part: string) => ((text += part), true) } as unknown as NodeJS.WritableStream;
    const lines = createLines(stream, 'train lora', () => now);
    const snapshot = { ...running, remainingSeconds: 0 };
    lines.update(snapshot);
    now = 9_999;
    lines.update({ ...snapshot, percent: 50 });
    now = 10_000;
    lines.update({ ...snapshot, percent: 60 });
    lines.update({ ...snapshot, percent: 61, phase: 'saving' });
    expect(text.split('\n')).toEqual([
      'train lora: 42 % step 3 of 7, 0 s left, loss 0.1235',
      'train lora: 60 % step 3 of 7, 0 s left, loss 0.1235',
      'train lora: 61 % saving, 0 s left, loss 0.1235',
      '',
    ]);
  });
});
