import { parsePolySettings, parseSettings } from './adapter-config.js';

const config = { peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q'] };
const refusal = (more: object): string => {
  try {
    parseSettings({ ...config, ...more });
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

// What PEFT 0.21 fails on, or takes for a number that is none.
test.each([
  ['r', null],
  ['r', 0],
  ['r', -1],
  ['r', 2.5],
  ['r', '4'],
  ['r', true],
  ['lora_alpha', null],
  ['lora_alpha', '8'],
  ['lora_alpha', true],
  ['lora_alpha', -4],
  ['lora_alpha', [8]],
  ['lora_dropout', null],
  ['lora_dropout', -0.1],
  ['lora_dropout', 1.5],
  ['lora_dropout', '0'],
  ['rank_pattern', null],
  ['rank_pattern', []],
  ['rank_pattern', { q: null }],
  ['rank_pattern', { q: 2.5 }],
  ['rank_pattern', { q: 0 }],
  ['alpha_pattern', null],
  ['alpha_pattern', { q: null }],
  ['alpha_pattern', { q: '2' }],
  ['bias', null],
  ['bias', 'some'],
  ['target_modules', 3],
  ['modules_to_save', 'score'],
  ['modules_to_save', [null]],
  ['exclude_modules', 3],
  ['layers_to_transform', 'first'],
  ['layers_to_transform', [0.5]],
  ['use_rslora', 'true'],
  ['fan_in_fan_out', 1],
  ['task_type', 7],
  ['init_lora_weights', 3],
])('%s: %j is refused by name', (key, value) => {
  const shown = Array.isArray(value)
    ? 'a list'
    : typeof value === 'object' && value !== null
      ? ''
      : JSON.stringify(value);
  const message = refusal({ [key]: value });
  expect(message).toContain(`adapter_config.json: ${key}`);
  expect(message).toContain(shown);
  expect(message).toContain('wanted');
});

// Where PEFT takes null for "not given".
test.each([
  'target_modules',
  'modules_to_save',
  'exclude_modules',
  'layers_to_transform',
  'layers_pattern',
  'fan_in_fan_out',
  'use_rslora',
  'use_dora',
  'init_lora_weights',
  'task_type',
  'base_model_name_or_path',
  'layer_replication',
])('%s: null is as if it were not there', (key) => {
  expect(refusal({ [key]: null })).toBe('accepted');
});

test('absent numbers have the values of PEFT', () => {
  expect(parseSettings({ peft_type: 'LORA' })).toMatchObject({
    rank: 8,
    alpha: 8,
    dropout: 0,
    rankPattern: {},
  });
});

test('a string of target_modules is a pattern, and not a name', () => {
  const settings = parseSettings({ ...config, target_modules: '.*\\.q' });
  expect(settings).toMatchObject({ targetModules: [], targetPattern: '.*\\.q' });
});

test('a missing peft_type is told from another kind', () => {
  expect(refusal({ peft_type: undefined })).toContain('peft_type is missing');
  expect(refusal({ peft_type: null })).toContain('peft_type is null');
  expect(refusal({ peft_type: 'IA3' })).toContain('peft_type is "IA3"');
});

test('numbers of Poly are checked as those of LoRA', () => {
  const poly = { peft_type: 'POLY', r: 2, n_skills: 2 };
  expect(parsePolySettings(poly)).toMatchObject({ rank: 2, skills: 2, splits: 1 });
  for (const key of ['r', 'n_skills', 'n_splits'] as const) {
    expect(() => parsePolySettings({ ...poly, [key]: null })).toThrow(`${key} is null`);
    expect(() => parsePolySettings({ ...poly, [key]: 1.5 })).toThrow(`${key} is 1.5`);
  }
});
