import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineShape, fileShape, toEngineLayout, toFileLayout } from '#files/layout';

const counting = (...shape: number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => i);

test('a convolution of any size: element [o, i, h, w] of the file is [h, w, i, o] inside', () => {
  // Sizes around the transposition's blocks of 32, and kernels of one tap.
  for (const [O, I, H, W] of [
    [3, 2, 1, 1],
    [70, 33, 3, 3],
    [1, 5, 3, 1],
    [32, 64, 1, 2],
    [4, 1, 3, 3],
  ] as const) {
    const file = counting(O, I, H, W);
    const { shape, data } = toEngineLayout('conv_in.weight', [O, I, H, W], file);
    assert.deepEqual(shape, [H, W, I, O]);
    for (let o = 0; o < O; o++)
      for (let i = 0; i < I; i++)
        for (let h = 0; h < H; h++)
          for (let w = 0; w < W; w++)
            if (data[((h * W + w) * I + i) * O + o] !== file[((o * I + i) * H + h) * W + w])
              assert.fail(`[${o}, ${i}, ${h}, ${w}] of ${[O, I, H, W]}`);
    const back = toFileLayout('conv_in.weight', shape, data);
    assert.deepEqual(back.shape, [O, I, H, W]);
    assert.deepEqual(back.data, file);
  }
});

test('a linear layer is transposed, a table of embeddings and everything else is not', () => {
  const values = counting(2, 3);
  for (const key of ['to_q.weight', 'encoder.0.linear_1.weight', 'text_projection.weight', 'classifier.weight'])
    assert.deepEqual(toEngineLayout(key, [2, 3], values), { shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) }, key);
  for (const key of [
    'text_model.embeddings.token_embedding.weight',
    'embeddings.word_embeddings.weight',
    'class_embedding.weight',
    'shared.weight',
    'encoder.embed_tokens.weight',
    'block.0.SelfAttention.relative_attention_bias.weight',
    'position_ids',
    'scale',
  ])
    assert.deepEqual(toEngineLayout(key, [2, 3], values), { shape: [2, 3], data: values }, key);
  assert.deepEqual(toEngineLayout('norm.weight', [6], values), { shape: [6], data: values });
});

test('shapes alone follow the same rules', () => {
  assert.deepEqual(engineShape('a.weight', [8, 4, 3, 5]), [3, 5, 4, 8]);
  assert.deepEqual(fileShape('a.weight', [3, 5, 4, 8]), [8, 4, 3, 5]);
  assert.deepEqual(fileShape('a.weight', [4, 8]), [8, 4]);
  assert.deepEqual(fileShape('token_embedding.weight', [4, 8]), [4, 8]);
});

test('integers stay integers', () => {
  assert.ok(toEngineLayout('a.weight', [1, 2], Int32Array.of(1, 2)).data instanceof Int32Array);
});
