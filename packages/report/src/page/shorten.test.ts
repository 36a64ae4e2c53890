import { shorten } from './shorten.js';

describe('shorten', () => {
  it('keeps both ends', () => {
    expect(shorten('model.layers.0.self_attn.q_proj', 20)).toBe('model.…f_attn.q_proj');
    expect(shorten('model.layers.0.self_attn.q_proj', 20)).toHaveLength(20);
    expect(shorten('short', 5)).toBe('short');
    expect(Array.from(shorten('😀'.repeat(50), 10))).toHaveLength(10);
  });
});
