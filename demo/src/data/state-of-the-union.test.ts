import { passagesOf } from './state-of-the-union.js';

describe('passagesOf', () => {
  const sentence = (n: number): string => `${Array.from({ length: n }, (_, i) => `word${i}`).join(' ')}.`;

  it('packs whole sentences to at most 45 words and drops short rests', () => {
    const passages = passagesOf(
      [sentence(20), sentence(20), sentence(30), sentence(10)].map((s) => `The ${s}`).join(' '),
    );
    expect(passages.map((text) => text.split(' ').length)).toEqual([42, 42]);
  });

  it('drops stage directions and typographic variants', () => {
    const text = `We did it. (Applause.) It’s “done”—(laughter)—and ${sentence(20)} [Laughter] Thank you all.`;
    const [passage = ''] = passagesOf(text);
    expect(passage).toContain(`It's "done"`);
    expect(passage).not.toMatch(/applause|laughter|[^\x20-\x7e]/i);
  });
});
