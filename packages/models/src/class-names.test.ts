import { classNamesOf, rowsOfLabels } from './class-names.js';

const examples = (...labels: (string | undefined)[]): { text: string; label?: string; line: number }[] =>
  labels.map((label, i) => ({ text: 'x', ...(label === undefined ? {} : { label }), line: i + 1 }));
const rows = (names: string[] | undefined, count: number, ...labels: (string | undefined)[]): object =>
  Object.fromEntries(rowsOfLabels({ count, names }, examples(...labels), 'train_data'));

describe('classNamesOf', () => {
  it('are those of id2label in the order of the ids, else of label2id', () => {
    expect(classNamesOf({ id2label: { 1: 'ham', 0: 'spam' } })).toEqual(['spam', 'ham']);
    expect(classNamesOf({ id2label: ['spam', 'ham'] })).toEqual(['spam', 'ham']);
    expect(classNamesOf({ label2id: { ham: 1, spam: 0 } })).toEqual(['spam', 'ham']);
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i, `c${11 - i}`]));
    expect(classNamesOf({ id2label: many })?.[10]).toBe('c1');
  });

  it('are none without names, also by the names that transformers gives', () => {
    expect(classNamesOf({})).toBeUndefined();
    expect(classNamesOf({ id2label: null, label2id: {} })).toBeUndefined();
    expect(classNamesOf({ id2label: { 0: 'LABEL_0', 1: 'LABEL_1' } })).toBeUndefined();
    const named = { id2label: { 0: 'no', 1: 'yes' }, label2id: { LABEL_0: 0, LABEL_1: 1 } };
    expect(classNamesOf(named)).toEqual(['no', 'yes']);
  });

  it.each([
    [
      { id2label: { 0: 'spam', 1: 'ham' }, label2id: { ham: 0, spam: 1 } },
      'LABELS_CONTRADICT',
      '"ham" as class 0',
    ],
    [{ id2label: { 0: 'spam', 1: 'ham' }, label2id: { eggs: 2 } }, 'LABELS_CONTRADICT', 'no such class'],
    [{ id2label: { 0: 'spam', 2: 'ham' } }, 'LABELS_INVALID', 'no class 1'],
    [{ id2label: { 1: 'spam', 2: 'ham' } }, 'LABELS_INVALID', 'no class 0'],
    [{ id2label: { 0: 'spam', 1: 'spam' } }, 'LABELS_INVALID', 'twice'],
  ])('refuse %j', (config, reason, message) => {
    expect(() => classNamesOf(config)).toThrow(
      expect.objectContaining({ reason, message: expect.stringContaining(message) as string }) as Error,
    );
  });
});

describe('rowsOfLabels', () => {
  it('are found by name, whatever the order and however few classes the data have', () => {
    expect(rows(['spam', 'ham', 'eggs'], 3, 'ham', 'spam')).toEqual({ spam: 0, ham: 1, eggs: 2 });
    expect(rows(undefined, 2, 'LABEL_1')).toEqual({ LABEL_0: 0, LABEL_1: 1 });
  });

  it('are the integers of the data when these are no names', () => {
    expect(rows(['spam', 'ham'], 2, '1', '0', undefined)).toEqual({ 0: 0, 1: 1 });
    expect(rows(undefined, 2, '0')).toMatchObject({ 0: 0 });
    // Stars from 1 to 5 are names.
    expect(rows(['1', '2', '3', '4', '5'], 5, '1', '5')).toMatchObject({ 1: 0, 5: 4 });
  });

  it.each([
    [['spam', 'ham'], ['ham', 'good'], 'line 2: "good" is not a class: the classes are "spam", "ham"'],
    [['spam', 'ham'], ['0', '2'], 'line 1: "0" is not a class'],
    [['spam', 'ham'], ['0', 'ham'], 'line 1: "0" is not a class'],
    [undefined, ['ham', 'spam'], 'line 1: "ham" is not a class: the 2 classes of the head have no names'],
  ] as const)('of %j refuse %j', (names, labels, message) => {
    expect(() => rows(names === undefined ? undefined : [...names], 2, ...labels)).toThrow(
      `train_data: ${message}`,
    );
  });
});
