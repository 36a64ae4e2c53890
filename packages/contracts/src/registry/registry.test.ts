import { AppError } from '@eigenloom/errors';
import { type Definitions, registry } from './registry.js';

type Shape =
  | { readonly $case: 'unitCircle'; readonly value: { readonly radius?: number } }
  | { readonly $case: 'square'; readonly value: { readonly side: number } };

interface Area {
  area(): number;
}

const definitions: Definitions<Shape, Area> = {
  unitCircle: {
    summary: 'round',
    paper: 'Euclid, book III',
    deviations: '',
    create: ({ radius = 1 }) => ({ area: () => Math.PI * radius ** 2 }),
  },
  square: {
    summary: 'not round',
    paper: 'Euclid, book I',
    deviations: 'Sides may be 0.',
    create: ({ side }, field) => {
      if (side < 0) throw new AppError('INVALID_INPUT', 'OUT_OF_RANGE', `${field}.side: is negative`);
      return { area: () => side ** 2 };
    },
  },
};

describe('registry', () => {
  const shapes = registry<Shape, Area>('shape', definitions);

  it('lists the methods by the names of the proto, in order', () => {
    expect(shapes.methods).toEqual([
      { id: 'unit_circle', summary: 'round', paper: 'Euclid, book III', deviations: '' },
      { id: 'square', summary: 'not round', paper: 'Euclid, book I', deviations: 'Sides may be 0.' },
    ]);
  });

  it('makes the chosen method of its parameters and their defaults', () => {
    expect(shapes.create({ $case: 'unitCircle', value: {} }).method.area()).toBe(Math.PI);
    const { info, method } = shapes.create({ $case: 'square', value: { side: 3 } });
    expect([info.id, method.area()]).toEqual(['square', 9]);
  });

  it('names the methods where none is chosen, and the field where a parameter is wrong', () => {
    expect(() => shapes.create(undefined)).toThrow('shape: choose one of unit_circle, square');
    expect(() => shapes.create({ $case: 'square', value: { side: -1 } })).toThrow('square.side: is negative');
    expect(() => shapes.create(undefined, 'frame.shape')).toThrow('frame.shape: choose one of');
    const below = { $case: 'square', value: { side: -1 } } as const;
    expect(() => shapes.create(below, 'frame.shape')).toThrow('frame.square.side: is negative');
    const unknown = { $case: 'toString', value: {} } as unknown as Shape;
    expect(() => shapes.create(unknown)).toThrow('choose one of');
  });
});
