import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  initPerceiver,
  initQFormer,
  type PerceiverConfig,
  perceiver,
  type QFormerConfig,
  qformer,
  spliceImages,
} from 'roentgen-lab/bridges';
import { dispose, type Key, key, normal, split } from 'roentgen-lab/engine';
import { llavaKey } from '#bridges/llava';
import { assertClose, noLeaks } from '../support';

const qformerConfig: QFormerConfig = {
  vocab_size: 20,
  hidden_size: 16,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 8,
  encoder_hidden_size: 10,
  use_qformer_text_input: true,
};

const perceiverConfig: PerceiverConfig = {
  hidden_size: 12,
  resampler_n_latents: 3,
  resampler_depth: 2,
  resampler_n_heads: 4,
  resampler_head_dim: 5,
  num_key_value_heads: 2,
};

/** A context and the same with other values where the mask is 0. */
function changedBehind(mask: number[][], channels: number, seed: Key): { context: tf.Tensor3D; changed: tf.Tensor3D; mask: tf.Tensor2D } {
  return tf.tidy(() => {
    const context = normal<tf.Rank.R3>(seed, [mask.length, mask[0]!.length, channels]);
    const seen = tf.expandDims(tf.tensor2d(mask), 2);
    const changed = tf.add(tf.mul(context, seen), tf.mul(tf.sub(1, seen), 7)) as tf.Tensor3D;
    return { context, changed, mask: tf.tensor2d(mask) };
  });
}

test(
  'images stand where their tokens are, row after row, and the other tokens stay',
  noLeaks(() => {
    const IMAGE = 9;
    const ids = tf.tensor2d([[1, IMAGE, IMAGE, 2, 3], [IMAGE, IMAGE, 4, IMAGE, IMAGE]], [2, 5], 'int32'); // biome-ignore format: two rows
    const embeddings = tf.tidy(() => tf.tile(tf.reshape(tf.cast(ids, 'float32'), [2, 5, 1]), [1, 1, 2]) as tf.Tensor3D);
    const states = tf.tensor3d([[[10, 11], [12, 13]], [[20, 21], [22, 23]], [[30, 31], [32, 33]]]); // biome-ignore format: three images of two states
    const spliced = spliceImages(ids, embeddings, states, IMAGE);
    assert.deepEqual(spliced.arraySync(), [
      [[1, 1], [10, 11], [12, 13], [2, 2], [3, 3]],
      [[20, 21], [22, 23], [4, 4], [30, 31], [32, 33]],
    ]); // biome-ignore format: two rows
    dispose(ids, embeddings, states, spliced);
  }),
);

test(
  'queries do not see masked states of an image, and read a text without its padding',
  noLeaks(() => {
    const [first, second, third] = split(key(3), 3) as [Key, Key, Key];
    const params = initQFormer(qformerConfig, first);
    const queries = normal<tf.Rank.R3>(second, [1, 4, 16]);
    const image = changedBehind([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], 10, third); // biome-ignore format: two rows
    const text = (padding: number) => ({
      ids: tf.tensor2d([[3, 4, padding], [5, 6, 7]], [2, 3], 'int32'), // biome-ignore format: two rows
      mask: tf.tensor2d([[1, 1, 0], [1, 1, 1]]), // biome-ignore format: two rows
    });
    const [one, other, another] = [text(1), text(2), text(1)];
    const run = (context: tf.Tensor3D, given: ReturnType<typeof text>) =>
      qformer(qformerConfig, params, queries, context, { imageMask: image.mask, text: given });
    const [plain, changed, alone] = [
      run(image.context, one),
      run(image.changed, other),
      qformer(qformerConfig, params, queries, image.context, { imageMask: image.mask }),
    ];
    assert.deepEqual([plain.queries.shape, plain.text!.shape, plain.hiddenStates.length], [[2, 4, 16], [2, 3, 16], 4]); // biome-ignore format: shapes
    assertClose(changed.queries, plain.queries.dataSync(), 1e-6);
    assert.ok(tf.tidy(() => tf.max(tf.abs(tf.sub(alone.queries, plain.queries))).dataSync()[0]!) > 1e-3, 'a text is read');
    const narrow = tf.slice(image.context, [0, 0, 0], [2, 5, 9]);
    assert.throws(() => qformer(qformerConfig, params, queries, narrow), /qformer: image/);
    narrow.dispose();
    assert.throws(
      () => qformer({ ...qformerConfig, num_attention_heads: 3 }, params, queries, image.context),
      /not a multiple of num_attention_heads, 3/,
    );
    dispose(params, queries, image, one, other, another, plain, changed, alone);
  }),
);

test(
  'a resampler makes as many states of any number, and does not see masked ones',
  noLeaks(() => {
    const [first, second] = split(key(4)) as [Key, Key];
    const params = initPerceiver(perceiverConfig, first);
    const { context, changed, mask } = changedBehind([[1, 1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0]], 12, second); // biome-ignore format: two rows
    const [plain, other] = [perceiver(perceiverConfig, params, context, mask), perceiver(perceiverConfig, params, changed, mask)];
    assert.deepEqual(plain.shape, [2, 3, 12]);
    assertClose(other, plain.dataSync(), 1e-6);
    assert.throws(
      () => perceiver({ ...perceiverConfig, num_key_value_heads: 3 }, params, context),
      /not a multiple of num_key_value_heads, 3/,
    );
    dispose(params, context, changed, mask, plain, other);
  }),
);

test("LLaVA's keys of every layout are one", () => {
  for (const [file, tree] of [
    ['language_model.model.norm.weight', 'language_model.model.norm.weight'],
    ['model.language_model.norm.weight', 'language_model.model.norm.weight'],
    ['lm_head.weight', 'language_model.lm_head.weight'],
    ['model.multi_modal_projector.linear_1.bias', 'multi_modal_projector.linear_1.bias'],
    ['model.vision_tower.vision_model.post_layernorm.bias', 'vision_tower.post_layernorm.bias'],
    ['vision_tower.vision_model.pre_layrnorm.bias', 'vision_tower.pre_layrnorm.bias'],
  ] as const)
    assert.equal(llavaKey(file), tree);
});
