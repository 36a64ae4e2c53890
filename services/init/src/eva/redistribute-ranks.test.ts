import { redistributeRanks } from './redistribute-ranks.js';

describe('redistributeRanks', () => {
  it('keeps the shares that are largest over all modules', () => {
    const shares = new Map([
      ['a', [0.5, 0.3, 0.1, 0.05]],
      ['b', [0.2, 0.15, 0.12, 0.11]],
      ['c', [0.04, 0.03, 0.02, 0.01]],
    ]);
    expect([...redistributeRanks(shares, 6)]).toEqual([
      ['a', 2],
      ['b', 4],
      ['c', 0],
    ]);
  });

  it('shares ties out evenly, in order', () => {
    const equal = [0.4, 0.2];
    expect([
      ...redistributeRanks(
        new Map([
          ['q', equal],
          ['k', equal],
          ['v', equal],
        ]),
        4,
      ),
    ]).toEqual([
      ['q', 2],
      ['k', 1],
      ['v', 1],
    ]);
  });
});
