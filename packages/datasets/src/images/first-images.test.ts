import { firstImages } from './first-images.js';

const labels = Int32Array.of(0, 0, 0, 1, 2, 2);

describe('firstImages', () => {
  it('takes each class of a folder in turn', () => {
    const folder = { count: 6, labels, classes: ['a', 'b', 'c'] };
    expect([...firstImages(folder, 3)]).toEqual([0, 3, 4]);
    expect([...firstImages(folder, 5)]).toEqual([0, 1, 3, 4, 5]);
    expect([...firstImages(folder, 4)]).toEqual([0, 1, 3, 4]);
  });

  it('takes arrays in their order, and all where nothing is said', () => {
    const array = { count: 6, labels, classes: undefined };
    expect([...firstImages(array, 2)]).toEqual([0, 1]);
    for (const limit of [0, 6, 9]) expect([...firstImages(array, limit)]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
