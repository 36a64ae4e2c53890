import { anatomyOf, inLayer, isBeforeLayers, ownerOf, stackLike } from './anatomy.js';

test.each([
  ['model.layers', ['model.layers.0.a.weight', 'model.layers.1.a.weight', 'model.norm.weight']],
  ['bert.encoder.layer', ['bert.encoder.layer.0.x.y', 'bert.encoder.layer.1.x.y', 'classifier.weight']],
  ['h', ['h.0.attn.bias', 'h.1.attn.bias', 'wte.weight']],
  [
    'model.layers',
    ['model.layers.0.experts.0.w', 'model.layers.0.experts.1.w', 'model.layers.1.experts.0.w'],
  ],
  ['only', ['only.0.w']],
])('the layers are below %s', (prefix, names) => {
  const { stacks, loose } = anatomyOf(names);
  expect(stacks.map((stack) => stack.prefix)).toEqual([prefix]);
  expect(loose).toEqual(names.filter((name) => !name.startsWith(`${prefix}.`)));
});

test('numbers with gaps, and a lone one beside layers, count other things', () => {
  const names = ['a.0.w', 'a.1.w', 'classifier.0.w', 'classifier.3.w', 'head.0.w', 'far.999999999.w'];
  const { stacks, loose } = anatomyOf(names);
  expect(stacks).toEqual([{ prefix: 'a', layers: [['a.0.w'], ['a.1.w']] }]);
  expect(loose).toEqual(names.slice(2));
});

test('an encoder and a decoder are two stacks, and what is outside goes to the nearer', () => {
  const names = ['encoder', 'decoder'].flatMap((part) => [0, 1].map((layer) => `${part}.block.${layer}.w`));
  expect(anatomyOf(names).stacks.map(({ prefix }) => prefix)).toEqual(['encoder.block', 'decoder.block']);
  const owner = (name: string): string | undefined => ownerOf(name, ['encoder.block', 'decoder.block']);
  expect(owner('decoder.final_layer_norm.weight')).toBe('decoder.block');
  expect(owner('shared.weight')).toBe('encoder.block');
});

test('a bare encoder has the layers of the full model', () => {
  const bare = anatomyOf(['encoder.layer.0.w', 'encoder.layer.1.w']);
  expect(stackLike('bert.encoder.layer', bare)?.prefix).toBe('encoder.layer');
  expect(stackLike('decoder.layer', bare)).toBeUndefined();
  expect(inLayer('bert.encoder.layer.1.output.0.w', 'bert.encoder.layer', 'encoder.layer', 12)).toBe(
    'encoder.layer.12.output.0.w',
  );
});

test.each([
  ['model.embed_tokens.weight', true],
  ['bert.embeddings.LayerNorm.weight', true],
  ['transformer.wte.weight', true],
  ['gpt_neox.embed_in.weight', true],
  ['model.tok_embeddings.weight', true],
  ['transformer.embd.wte.weight', true],
  ['shared.weight', true],
  ['gpt_neox.embed_out.weight', false],
  ['lm_head.weight', false],
  ['model.norm.weight', false],
  ['pooler.dense.weight', false],
  ['classifier.bias', false],
  ['transformer.ln_f.weight', false],
])('%s comes before the layers: %s', (name, before) => {
  expect(isBeforeLayers(name)).toBe(before);
});
