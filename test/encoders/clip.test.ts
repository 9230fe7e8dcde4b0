import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type ClipConfig, type ClipTextConfig, type ClipTextParams, clip, clipText, initClipText } from 'roentgen-lab/encoders';
import { compile, countParameters, dispose, key, normal } from 'roentgen-lab/engine';
import { writeJson } from 'roentgen-lab/files';
import { clipLoss, clipShapes, initClip } from '#encoders/clip';
import { loadClip, loadClipText, saveClip, saveClipText } from '#encoders/clip-files';
import { clipContext, clipHiddenStates, clipTextShapes } from '#encoders/clip-text';
import { clipVision, clipVisionShapes, initClipVision } from '#encoders/clip-vision';
import { saveParameters } from '#files/internal';
import { assertGolden, assertSameTree, assertSlope, countValues, golden, verifyFixtures } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';

const small: ClipTextConfig = {
  vocab_size: 40,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 3,
  num_attention_heads: 3,
  max_position_embeddings: 8,
  eos_token_id: 39,
};
const towers: ClipConfig = {
  text_config: small,
  vision_config: {
    hidden_size: 8,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    image_size: 12,
    patch_size: 4,
    num_channels: 1,
  },
  projection_dim: 6,
};
/** The JSON that Stable Diffusion 1.4's text encoder is published with. */
const stableDiffusion14 = {
  architectures: ['CLIPTextModel'],
  attention_dropout: 0,
  bos_token_id: 0,
  dropout: 0,
  eos_token_id: 2,
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  initializer_factor: 1,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 1,
  torch_dtype: 'float32',
  transformers_version: '4.21.0.dev0',
  vocab_size: 49408,
} as ClipTextConfig;

const ids = (rows: number[][]): tf.Tensor2D => tf.tensor2d(rows, [rows.length, rows[0]!.length], 'int32');

test("CLIP ViT-L/14's text encoder has 123,060,480 parameters, by Stable Diffusion's config", () => {
  assert.equal(countValues(clipTextShapes(stableDiffusion14)), 123_060_480);
});

test(
  'tables of shapes are those of the parameters',
  noLeaks(() => {
    const projected = { ...small, architectures: ['CLIPTextModelWithProjection'], projection_dim: 5 };
    const [text, both, vision] = [initClipText(projected, key(1)), initClip(towers, key(1)), initClipVision(towers.vision_config!, key(1))];
    assert.equal(countParameters(text), countValues(clipTextShapes(projected)));
    assert.equal(countParameters(both), countValues(clipShapes(towers)));
    assert.equal(countParameters(vision), countValues(clipVisionShapes(towers.vision_config!)));
    dispose(text, both, vision);
  }),
);

test(
  "outputs are the reference implementation's on the same weights",
  noLeaks(() => {
    const given = golden('text_encoder');
    const params = initClipText(given.config, key(given.seed));
    const tokens = ids(given.ids!);
    const { lastHiddenState, pooled } = clipText(given.config, params, tokens);
    assertGolden(lastHiddenState, given.expected.last_hidden_state!, 'last hidden state');
    assertGolden(pooled, given.expected.pooled!, 'pooled');
    dispose(params, tokens, lastHiddenState, pooled);
  }),
);

test('the shared fixtures pass', (t) => verifyFixtures(t, 'text/clip'));

test(
  'the gradient is the slope of the loss, of one tower and of both',
  noLeaks(() => {
    const params = initClipText(small, key(1), { tokenStd: 0.3 });
    const tokens = ids([
      [1, 5, 39, 39],
      [1, 5, 7, 39],
    ]);
    const target = normal(key(4), [2, 4, 12]);
    assertSlope((p: ClipTextParams) => tf.mean(tf.mul(clipContext(small, p, tokens), target)), params, key(7), 5e-4); // a direction in which the loss changes far above its rounding
    const both = initClip(towers, key(1));
    const pixels = normal<tf.Rank.R4>(key(3), [2, 12, 12, 1]);
    assertSlope((p: typeof both) => clipLoss(clip(towers, p, tokens, pixels).logitsPerText), both, key(2), 1e-2);
    dispose(params, tokens, target, both, pixels);
  }),
);

test(
  'compiled and op by op agree, for ids that the recording did not see too',
  noLeaks(() => {
    const params = initClipText(small, key(1));
    const compiled = compile((p: ClipTextParams, x: tf.Tensor2D) => clipText(small, p, x));
    for (const row of [
      [1, 2, 39, 39, 39],
      [1, 9, 8, 7, 39],
    ]) {
      const tokens = ids([row]);
      const [got, want] = [compiled(params, tokens), clipText(small, params, tokens)];
      assertClose(got.lastHiddenState, want.lastHiddenState, 1e-5);
      assertClose(got.pooled, want.pooled, 1e-5);
      dispose(tokens, got, want);
    }
    compiled.dispose();
    dispose(params);
  }),
);

test(
  'a token sees only those before it, and no padding',
  noLeaks(() => {
    const params = initClipText(small, key(1), { tokenStd: 0.5 });
    tf.tidy(() => {
      const states = (rows: number[][], mask?: number[][]): tf.Tensor3D =>
        clipContext(small, params, ids(rows), mask ? { mask: tf.tensor2d(mask) } : {});
      const until = (x: tf.Tensor3D, length: number): tf.Tensor => tf.slice(x, [0, 0, 0], [1, length, 12]);
      assertClose(until(states([[1, 2, 3, 4, 5]]), 3), until(states([[1, 2, 3, 38, 37]]), 3), 1e-6, 'what comes later');
      const masked = [[1, 1, 0, 1]];
      const [a, b] = [states([[1, 2, 3, 4]], masked), states([[1, 2, 30, 4]], masked)];
      assertClose(tf.slice(a, [0, 3, 0], [1, 1, 12]), tf.slice(b, [0, 3, 0], [1, 1, 12]), 1e-6, 'what is masked');
      const seen = tf.max(tf.abs(tf.sub(states([[1, 2, 3, 4]]), states([[9, 2, 3, 4]])))).dataSync()[0]!;
      assert.ok(seen > 1e-3, 'what comes first must count');
    });
    dispose(params);
  }),
);

test(
  'the pooled state is that of the first end of text; by the old files, of the largest id',
  noLeaks(() => {
    const params = initClipText(small, key(1));
    tf.tidy(() => {
      const tokens = ids([
        [1, 20, 39, 5, 39],
        [1, 38, 3, 2, 39],
      ]);
      const row = (x: tf.Tensor3D, sample: number, token: number): tf.Tensor => tf.slice(x, [sample, token, 0], [1, 1, 12]);
      const { lastHiddenState, pooled } = clipText(small, params, tokens);
      assertClose(pooled, tf.reshape(tf.concat([row(lastHiddenState, 0, 2), row(lastHiddenState, 1, 4)], 1), [2, 12]), 0);
      const old = clipText({ ...small, eos_token_id: 2 }, params, tf.minimum(tokens, tf.scalar(30, 'int32')) as tf.Tensor2D);
      assertClose(old.pooled, tf.reshape(tf.concat([row(old.lastHiddenState, 0, 2), row(old.lastHiddenState, 1, 1)], 1), [2, 12]), 0);
    });
    dispose(params);
  }),
);

test(
  'clip skip: the states of an earlier layer, with and without the final norm',
  noLeaks(() => {
    const params = initClipText(small, key(1));
    tf.tidy(() => {
      const tokens = ids([[1, 2, 3, 39]]);
      const states = clipHiddenStates(small, params, tokens);
      assert.equal(states.length, 4);
      assertClose(clipContext(small, params, tokens, { skip: 1, finalNorm: false }), states[2]!, 0);
      assertClose(clipContext(small, params, tokens), clipText(small, params, tokens).lastHiddenState, 0);
      const normed = clipContext(small, params, tokens, { skip: 3 });
      assertClose(tf.mean(normed, 2), new Array(4).fill(0), 1e-5); // the final norm starts with weight 1 and bias 0
      assert.throws(
        () => clipContext(small, params, tokens, { skip: 4 }),
        /skip: expected an integer from 0 to 3, the number of layers, got 4/,
      );
    });
    dispose(params);
  }),
);

test(
  'embeddings have length 1, and the loss is least where text and image agree',
  noLeaks(() => {
    const params = initClip(towers, key(1));
    tf.tidy(() => {
      const tokens = ids([
        [1, 2, 39],
        [1, 3, 39],
      ]);
      const pixels = normal<tf.Rank.R4>(key(5), [2, 12, 12, 1]);
      const { imageEmbeds, textEmbeds, logitsPerText } = clip(towers, params, tokens, pixels);
      for (const x of [imageEmbeds, textEmbeds]) assertClose(tf.sum(tf.square(x), 1), [1, 1], 1e-5);
      assert.deepEqual(logitsPerText.shape, [2, 2]);
      assert.deepEqual(clipVision(towers.vision_config!, params, pixels).lastHiddenState.shape, [2, 10, 8]);
    });
    tf.tidy(() => {
      assertClose(clipLoss(tf.zeros([4, 4])), [Math.log(4)], 1e-6);
      assert.ok(clipLoss(tf.mul(tf.eye(4), 50)).dataSync()[0]! < 1e-6);
      assert.ok(clipLoss(tf.mul(tf.eye(4), -50)).dataSync()[0]! > 50);
    });
    dispose(params);
  }),
);

test(
  'wrong inputs and configs are refused by name',
  noLeaks(() => {
    const params = initClipText(small, key(1));
    tf.tidy(() => {
      assert.throws(() => clipText(small, params, ids([new Array(9).fill(1)])), /clip text: ids: expected at most 8 tokens, got 9/);
      assert.throws(
        () => clipText(small, params, ids([[1, 2]]), { mask: tf.ones([1, 3]) }),
        /clip text: mask: expected \[1, 2\], got \[1, 3\]/,
      );
    });
    const refused = (more: object, words: RegExp) => assert.throws(() => clipTextShapes({ ...small, ...more } as ClipTextConfig), words);
    refused({ hidden_act: 'relu' }, /clip text: hidden_act: expected "quick_gelu" or "gelu", got "relu"/);
    refused({ model_type: 'bert' }, /model_type: expected "clip_text_model" or "clip", got "bert"/);
    refused({ num_attention_heads: 5 }, /hidden_size is 12, not a multiple of num_attention_heads, 5/);
    refused({ eos_token_id: [1, 2] }, /eos_token_id: expected one token id, got \[1,2\]/);
    dispose(params);
  }),
);

test(
  'saved and loaded again, parameters are the same; key names without the prefix and with positions load too',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initClipText(small, key(3));
    await saveClipText(folder, { config: small, params });
    const loaded = await loadClipText(folder);
    assertSameTree(loaded.params, params);
    const positions = tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7], [1, 8], 'int32');
    const embeddings = { ...params.text_model.embeddings, position_ids: positions };
    const other = tempDir(t);
    await saveParameters(other, 'model', { ...params.text_model, embeddings });
    await writeJson(`${other}/config.json`, small);
    const withoutPrefix = await loadClipText(other);
    assertSameTree(withoutPrefix.params, params);
    dispose(params, loaded.params, withoutPrefix.params, positions);
  }),
);

test(
  'both towers saved and loaded again are the same',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initClip(towers, key(3));
    await saveClip(folder, { config: towers, params });
    const loaded = await loadClip(folder);
    assertSameTree(loaded.params, params);
    dispose(params, loaded.params);
  }),
);
