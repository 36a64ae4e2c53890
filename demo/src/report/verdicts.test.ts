import { sampleResults } from './sample-results.js';
import { compareStarts, summarize } from './verdicts.js';

const find = (
  shift: Parameters<typeof sampleResults>[0],
  method: string,
): ReturnType<typeof compareStarts>[0] =>
  compareStarts(sampleResults(shift)).find(
    (verdict) => verdict.method === method && verdict.task === 'spam' && verdict.measure === 'test accuracy',
  )!;

describe('compareStarts', () => {
  it('says that EVA beats default when it does in every seed', () => {
    const verdict = find({ eva: [0.1, 0.11, 0.105] }, 'eva');
    expect(verdict.outcome).toBe('better');
    expect(verdict.sentence).toMatch(/^EVA beats the default start in test accuracy \(\+10\.5 points/);
  });

  it('says that EVA does not beat default when it does not', () => {
    expect(find({ eva: [-0.1, -0.11, -0.105] }, 'eva').outcome).toBe('worse');
    const noise = find({ eva: [0.1, -0.1, 0.02] }, 'eva');
    expect(noise.outcome).toBe('undecided');
    expect(noise.sentence).toMatch(/^No difference between EVA and the default start is shown/);
  });

  it('counts a lower loss as better', () => {
    const verdicts = compareStarts(sampleResults({ lossOfEva: [-0.2, -0.21, -0.205] }));
    const loss = verdicts.find((v) => v.method === 'eva' && v.measure.includes('loss') && v.task === 'spam')!;
    expect(loss.outcome).toBe('better');
  });

  it('does not test one seed', () => {
    const verdict = find({ eva: [0.2] }, 'eva');
    expect(verdict.outcome).toBe('undecided');
    expect(verdict.sentence).toContain('one seed, so no test');
  });
});

describe('summarize', () => {
  it('says what was found, whichever way', () => {
    const say = (shift: Parameters<typeof sampleResults>[0]): string =>
      summarize(compareStarts(sampleResults(shift)))[1]!;
    expect(say({ eva: [0.1, 0.11, 0.105] })).toBe(
      'EVA beats the default start here in test accuracy on period, test accuracy on spam; in nothing is it worse.',
    );
    expect(say({ eva: [-0.1, -0.11, -0.105] })).toMatch(
      /^EVA does not beat the default start here; it is worse in/,
    );
    expect(say({ eva: [0.1, -0.1, 0.02] })).toMatch(/^EVA is not shown to be better or worse/);
  });
});
