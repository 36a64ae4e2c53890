import { methodId } from '@eigenloom/contracts';

import { choiceOf, type Fixture, FIXTURES } from '../testing/fixtures.js';
import { DEFINITIONS, METHODS } from './index.js';

const NAMES = Object.keys(FIXTURES) as (keyof typeof FIXTURES)[];

test('methods and fixtures are in the order of the proto', () => {
  expect(METHODS.methods.map(({ id }) => id)).toEqual(NAMES.map(methodId));
});

describe.each(NAMES)('%s', (name) => {
  const { method } = METHODS.create(choiceOf(name));

  it('is made of the parameters of its fixture', () => {
    expect(method).toMatchObject({ id: methodId(name), makes: DEFINITIONS[name].makes });
    const { minModels } = method.inputs;
    expect(() => {
      method.check(Array.from({ length: minModels }, () => ({ weight: 1 })));
    }).not.toThrow();
  });

  it('has a fixture for what it finds out from data', () => {
    const { prepare }: Fixture = FIXTURES[name];
    expect(prepare !== undefined).toBe(method.makes === 'model' && method.preparer !== undefined);
  });

  it('says in whole sentences what it does, and where it departs from its paper', () => {
    const { summary, paper, deviations, checked = '', inMergekitMode = '' } = method;
    expect(summary).toMatch(/^[^.]{10,110}$/);
    expect(paper).toMatch(/^(?:arXiv:\d{4}\.\d{5}|doi:10\.|https:|PEFT, )/);
    for (const text of [deviations, checked, inMergekitMode]) expect(text).toMatch(/^(?:|.*\.)$/);
  });
});
