import { parseRecipe } from './recipe.js';

const reasonOf = (text: string): { reason: string; message: string } => {
  try {
    parseRecipe('merge', text);
  } catch (error) {
    return error as { reason: string; message: string };
  }
  throw new Error('was accepted');
};

describe('parseRecipe', () => {
  it('accepts both spellings, numbers beyond 2^53 and enum names', () => {
    const request = parseRecipe(
      'merge',
      `
models:
  - { model: { uri: a }, weight: 1 }
  - { model: { uri: b }, density: "0.5" }
seed: 18446744073709551615
outputDataType: DATA_TYPE_F32
max_shard_bytes: "10"
task_arithmetic: { lambda: 0.5 }
`,
    );
    expect(request.seed).toBe(2n ** 64n - 1n);
    expect(request.maxShardBytes).toBe(10n);
    expect(request.models.map(({ weight, density }) => [weight, density])).toEqual([
      [1, undefined],
      [undefined, 0.5],
    ]);
    expect(request.method?.kind).toEqual({
      $case: 'taskArithmetic',
      value: { lambda: 0.5, normalize: false },
    });
    expect(request.outputDataType).toBe('DATA_TYPE_F32');
  });

  it('takes a member of a choice where the choice would stand', () => {
    const nested = parseRecipe(
      'train',
      'optimizer: { rule: { adamw: { beta1: 0.5 } } }\ntrainable: { full: {} }',
    );
    expect(parseRecipe('train', 'optimizer: { adamw: { beta1: 0.5 } }\nfull: {}')).toEqual(nested);
    expect(nested.optimizer?.rule?.kind).toEqual({
      $case: 'adamw',
      value: { beta1: 0.5, beta2: undefined, epsilon: undefined },
    });
    const adapter = parseRecipe('init', 'lora: { rank: 4 }\npissa: {}');
    expect([adapter.adapter?.kind?.$case, adapter.start?.kind?.$case]).toEqual(['lora', 'pissa']);
    expect(parseRecipe('train', 'trainable: {}').trainable).toEqual({ kind: undefined });
  });

  it('keeps 0 apart from what is left out', () => {
    expect(parseRecipe('train', 'batching: { batch_size: 0 }').batching?.batchSize).toBe(0);
    expect(parseRecipe('train', 'batching: {}').batching?.batchSize).toBeUndefined();
  });

  const refused: [string, string, string | undefined][] = [
    ['modles: []', 'UNKNOWN_FIELD', 'modles: is not a field; did you mean models?'],
    ['ties: { desnity: 1 }', 'UNKNOWN_FIELD', 'ties.desnity: is not a field; did you mean density?'],
    [
      'method: { ties: { desnity: 1 } }',
      'UNKNOWN_FIELD',
      'ties.desnity: is not a field; did you mean density?',
    ],
    ['method: { tiez: {} }', 'UNKNOWN_FIELD', 'method.tiez: is not a field; did you mean ties?'],
    ['tiez: {}', 'UNKNOWN_FIELD', 'tiez: is not a field; did you mean ties?'],
    ['__proto__: { x: 1 }', 'UNKNOWN_FIELD', '__proto__: is not a field'],
    ['models: [{ model: { uri: 3 } }]', 'WRONG_TYPE', 'models[0].model.uri: must be a string'],
    ['seed:', 'WRONG_TYPE', 'seed: is null; give a value, or leave the field out for its default'],
    ['models: [{ weight: null }]', 'WRONG_TYPE', undefined],
    ['linear: null', 'WRONG_TYPE', undefined],
    ['base: ~', 'WRONG_TYPE', undefined],
    ['seed: -1', 'OUT_OF_RANGE', 'seed: must be from 0 to 18446744073709551615'],
    ['seed: 1.5', 'WRONG_TYPE', 'seed: must be an integer'],
    ['validate_only: yes please', 'WRONG_TYPE', 'validate_only: must be true or false'],
    ['output_uri: a\noutputUri: b', 'FIELD_DUPLICATE', 'output_uri: is given in both spellings'],
    ['seed: 1\nseed: 2', 'RECIPE_KEY_DUPLICATE', 'recipe: Map keys must be unique at line 2, column 1:'],
    ['linear: {}\nties: {}', 'ONEOF_CONFLICT', 'ties: only one of linear and ties may be set'],
    ['linear: {}\nmethod: { ties: {} }', 'ONEOF_CONFLICT', 'ties: only one of linear and ties may be set'],
    ['ties: {}\nmethod: { ties: {} }', 'FIELD_DUPLICATE', 'ties: is given twice'],
    ['method: { linear: {}, ties: {} }', 'ONEOF_CONFLICT', 'ties: only one of linear and ties may be set'],
    ['method: []', 'WRONG_TYPE', 'method: must be a mapping of fields'],
    ['method: ~', 'WRONG_TYPE', undefined],
    ['output_data_type: F32', 'WRONG_TYPE', undefined],
    ['[1, 2]', 'WRONG_TYPE', 'recipe: must be a mapping of fields'],
    ['a: [', 'YAML_INVALID', undefined],
    ['seed: !!python/object:x 1', 'YAML_INVALID', undefined],
    [`x: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'YAML_INVALID', undefined],
    [`x: ${'y'.repeat(1 << 20)}`, 'RECIPE_TOO_LARGE', undefined],
  ];
  it.each(refused.map((each, i) => [i, ...each] as const))(
    'refuses case %i',
    (_case, text, reason, message) => {
      const error = reasonOf(text);
      expect(error.reason).toBe(reason);
      if (message !== undefined) expect(error.message).toBe(message);
    },
  );

  it('refuses an alias bomb without expanding it', () => {
    const levels = Array.from({ length: 9 }, (_, i) => {
      const inner = i === 0 ? '"x"' : `*l${String(i - 1)}`;
      return `l${String(i)}: &l${String(i)} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
    });
    expect(reasonOf(levels.join('\n')).reason).toBe('YAML_ALIAS_LIMIT');
  });
});
