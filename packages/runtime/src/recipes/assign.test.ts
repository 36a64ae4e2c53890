import type { AppError } from '@eigenloom/errors';
import { assign, choose } from './assign.js';
import { requestFromObject } from './recipe.js';

const TRAIN = 'eigenloom.train.v1.TrainRequest';
const MERGE = 'eigenloom.merge.v1.MergeRequest';

function assigned(type: string, ...pairs: [path: string, text: string][]): Record<string, unknown> {
  const document = {};
  for (const [path, text] of pairs) assign(type, document, path, text);
  return document;
}

describe('assign', () => {
  it('reaches every kind of field, with or without choices and in either spelling', () => {
    const document = assigned(
      TRAIN,
      ['optimizer.adamw.beta1', '0.5'],
      ['optimizer.rule.adamw.epsilon', '1e-6'],
      ['optimizer.learningRate', '1e-3'],
      ['sequence_classification.labels', '[a, b]'],
      ['sequence_classification.pooling', 'POOLING_MEAN'],
      ['full', ''],
      ['keep_best', 'true'],
      ['seed', '18446744073709551615'],
      ['train_data.uri', '2026'],
    );
    expect(requestFromObject('train', document)).toMatchObject({
      optimizer: {
        learningRate: 1e-3,
        rule: { kind: { $case: 'adamw', value: { beta1: 0.5, epsilon: 1e-6 } } },
      },
      objective: {
        kind: { $case: 'sequenceClassification', value: { labels: ['a', 'b'], pooling: 'POOLING_MEAN' } },
      },
      trainable: { kind: { $case: 'full' } },
      keepBest: true,
      seed: 2n ** 64n - 1n,
      trainData: { uri: '2026' },
    });
  });

  it('replaces the member of a choice, and keeps its parameters when it is the same', () => {
    const document = assigned(MERGE, ['ties.density', '0.5'], ['method.ties.lambda', '2']);
    expect(document).toEqual({ method: { ties: { density: 0.5, lambda: 2n } } });
    assign(MERGE, document, 'slerp.t', '0.25');
    expect(document).toEqual({ method: { slerp: { t: 0.25 } } });
    assign(MERGE, document, 'method.linear', '{normalize: false}');
    expect(document).toEqual({ method: { linear: { normalize: false } } });
  });

  it('makes and changes items of lists', () => {
    const document = assigned(MERGE, ['models[0].model.uri', 'a'], ['models[1].weight', '0.5']);
    assign(MERGE, document, 'models[0].weight', '2');
    expect(document).toEqual({ models: [{ model: { uri: 'a' }, weight: 2n }, { weight: 0.5 }] });
  });

  it.each([
    ['tiez.density', 'UNKNOWN_FIELD', 'tiez: is not a field; did you mean ties?'],
    ['ties.desnity', 'UNKNOWN_FIELD', 'ties.desnity: is not a field; did you mean density?'],
    ['models.weight', 'PATH_INVALID', 'models.weight: models is a list: models[0]'],
    ['models[3].weight', 'PATH_INVALID', 'models[3].weight: the list has 0 items, and 3 would leave a hole'],
    ['seed.x', 'PATH_INVALID', 'seed.x: seed has nothing below it'],
    ['', 'PATH_INVALID', 'path: is not a path such as models[0].weight'],
    ['a..b', 'PATH_INVALID', 'a..b: is not a path such as models[0].weight'],
    ['__proto__.x', 'UNKNOWN_FIELD', '__proto__: is not a field'],
  ])('refuses %s', (path, reason, message) => {
    const refusal = (): unknown => assigned(MERGE, [path, '1']);
    expect(refusal).toThrow(message);
    try {
      refusal();
    } catch (error) {
      expect((error as AppError).reason).toBe(reason);
    }
  });

  it('refuses what is not YAML', () => {
    expect(() => assigned(MERGE, ['ties.density', '['])).toThrow('ties.density: "[" is not YAML');
  });
});

describe('choose', () => {
  it('chooses a method and keeps what is said of it', () => {
    const document = assigned(MERGE, ['ties.density', '0.5']);
    choose(MERGE, document, 'ties');
    expect(document).toEqual({ method: { ties: { density: 0.5 } } });
    choose(MERGE, document, 'karcher');
    expect(document).toEqual({ method: { karcher: {} } });
  });

  it('suggests what may have been meant', () => {
    expect(() => {
      choose('eigenloom.init.v1.InitAdapterRequest', {}, 'pisa');
    }).toThrow('method: there is no method pisa; did you mean pissa?');
  });
});
