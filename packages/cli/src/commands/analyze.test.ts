import { analysis } from '@eigenloom/contracts';
import { requestFrom } from '../request.js';
import { analyzeDocument } from './analyze.js';
import { initDocument } from './init.js';

describe('eigenloom analyze', () => {
  it('spells a spectrum', () => {
    const document = analyzeDocument('spectrum', { model: 'm', dataDir: '', tensor: ['*.query.weight'] });
    expect(analysis.AnalyzeRequest.fromJSON(document)).toEqual(
      analysis.AnalyzeRequest.fromPartial({
        model: { uri: 'm' },
        tensors: ['*.query.weight'],
        method: { $case: 'spectrum', value: {} },
      }),
    );
  });

  it('spells the cut of a fit, also 0', () => {
    const document = analyzeDocument('spectrum', { model: 'm', dataDir: '', eigenvalueCut: 0 });
    expect(analysis.AnalyzeRequest.fromJSON(document).method).toEqual({
      $case: 'spectrum',
      value: { singularValues: false, eigenvalueCut: 0 },
    });
  });

  it('spells intruder dimensions, keeping an epsilon of 0', () => {
    const document = analyzeDocument('intruders', { model: 'm', base: 'b', dataDir: '', k: 3, epsilon: 0 });
    expect(analysis.AnalyzeRequest.fromJSON(document)).toEqual(
      analysis.AnalyzeRequest.fromPartial({
        model: { uri: 'm' },
        base: { uri: 'b' },
        method: { $case: 'intruders', value: { k: 3, epsilon: 0 } },
      }),
    );
  });

  it.each([
    ['intruders', 'analysis', 'intruders.k', { k: 0 }],
    ['init', 'init', 'alpha', { alpha: 0 }],
    ['eva', 'init', 'eva.batch_size', { method: 'eva', batchSize: 0 }],
  ] as const)('refuses a 0 that would stand for the default: %s', async (_name, kind, field, options) => {
    const document = kind === 'init' ? initDocument(options) : analyzeDocument('intruders', options);
    await expect(requestFrom(kind, undefined, document, {})).rejects.toMatchObject({
      fieldViolations: [{ field }],
      message: expect.stringContaining('is 0, which would stand for the default') as string,
    });
  });
});
