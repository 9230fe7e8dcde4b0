import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, countParameters, dispose, key, normal } from 'roentgen-lab/engine';
import { writeJson } from 'roentgen-lab/files';
import { decode, encode, loadVae, type Posterior, samplePosterior, type VaeConfig, type VaeParams } from 'roentgen-lab/vae';
import { saveParameters } from '#files/internal';
import { saveVae } from '#vae/files';
import { initVae, vaeShapes } from '#vae/parameters';
import { klDivergence } from '#vae/posterior';
import { assertGolden, assertSameTree, assertSlope, countValues, golden, goldenInput, verifyFixtures } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';

const blocks = (levels: number): VaeConfig => ({
  down_block_types: new Array(levels).fill('DownEncoderBlock2D'),
  up_block_types: new Array(levels).fill('UpDecoderBlock2D'),
});
const small: VaeConfig = { ...blocks(2), in_channels: 1, out_channels: 1, block_out_channels: [8, 16], norm_num_groups: 4 };

/** The JSON that Stable Diffusion 1.4's autoencoder is published with. */
const stableDiffusion14 = {
  _class_name: 'AutoencoderKL',
  _diffusers_version: '0.2.2',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  ...blocks(4),
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  out_channels: 3,
  sample_size: 512,
} as VaeConfig;

test("Stable Diffusion's autoencoder has 83,653,863 parameters, by its own config", () => {
  assert.equal(countValues(vaeShapes(stableDiffusion14)), 83_653_863);
});

test(
  'the table of shapes is that of the parameters, with and without the optional layers',
  noLeaks(() => {
    for (const config of [small, { ...small, use_quant_conv: false, use_post_quant_conv: false, mid_block_add_attention: false }]) {
      const params = initVae(config, key(1));
      assert.equal(countParameters(params), countValues(vaeShapes(config)));
      dispose(params);
    }
  }),
);

test(
  "outputs are the reference implementation's on the same weights",
  noLeaks(() => {
    const given = golden('vae');
    const params = initVae(given.config, key(given.seed));
    const [image, z] = [goldenInput<tf.Rank.R4>(given, 'image'), goldenInput<tf.Rank.R4>(given, 'z')];
    const { mean, logvar } = encode(given.config, params, image);
    const decoded = decode(given.config, params, z);
    assertGolden(mean, given.expected.mean!, 'mean');
    assertGolden(logvar, given.expected.logvar!, 'logvar');
    assertGolden(decoded, given.expected.decoded!, 'decoded');
    dispose(params, image, z, mean, logvar, decoded);
  }),
);

test('the shared fixtures pass', (t) => verifyFixtures(t, 'vae/'));

test(
  'the gradient is the slope of reconstruction and divergence',
  noLeaks(() => {
    const params = initVae(small, key(1));
    const image = tf.tidy(() => tf.tanh(normal<tf.Rank.R4>(key(2), [2, 6, 4, 1])));
    const noise = normal<tf.Rank.R4>(key(3), [2, 3, 2, 4]);
    const loss = (p: VaeParams): tf.Scalar => {
      const posterior = encode(small, p, image);
      const difference = tf.sub(decode(small, p, samplePosterior(posterior, noise)), image);
      return tf.add(tf.mean(tf.square(difference)), tf.mul(tf.mean(klDivergence(posterior)), 1e-2));
    };
    assertSlope(loss, params, key(4), 5e-3);
    dispose(params, image, noise);
  }),
);

test(
  'compiled and op by op agree',
  noLeaks(() => {
    const params = initVae(small, key(1));
    const image = normal<tf.Rank.R4>(key(2), [2, 8, 6, 1]);
    const both = (p: VaeParams, x: tf.Tensor4D): { mean: tf.Tensor; image: tf.Tensor } => {
      const { mean } = encode(small, p, x);
      return { mean, image: decode(small, p, mean) };
    };
    const compiled = compile(both);
    const [got, want] = [compiled(params, image), tf.tidy(() => both(params, image))];
    assertClose(got.mean, want.mean, 1e-5);
    assertClose(got.image, want.image, 1e-5);
    compiled.dispose();
    dispose(params, image, got, want);
  }),
);

test(
  'each level but one halves the image, rounding down, and the decoder doubles it back',
  noLeaks(() => {
    const config: VaeConfig = { ...small, ...blocks(3), block_out_channels: [4, 4, 8] };
    const params = initVae(config, key(1));
    const image = normal<tf.Rank.R4>(key(2), [1, 14, 9, 1]);
    const { mean, logvar } = encode(config, params, image);
    assert.deepEqual(
      [mean.shape, logvar.shape],
      [
        [1, 3, 2, 4],
        [1, 3, 2, 4],
      ],
    ); // 14 → 7 → 3, 9 → 4 → 2
    const back = decode(config, params, mean);
    assert.deepEqual(back.shape, [1, 12, 8, 1]);
    dispose(params, image, mean, logvar, back);
  }),
);

test(
  'the standard normal has no divergence from itself; without noise a sample is the mean; log-variances are bounded',
  noLeaks(() => {
    tf.tidy(() => {
      const standard: Posterior = { mean: tf.zeros([2, 3, 3, 4]), logvar: tf.zeros([2, 3, 3, 4]) };
      assert.deepEqual([...klDivergence(standard).dataSync()], [0, 0]);
      const shifted: Posterior = { mean: tf.fill([1, 2, 2, 1], 2), logvar: tf.fill([1, 2, 2, 1], Math.log(4)) };
      // Four latents of ½ (mean² + variance - 1 - log variance).
      assertClose(klDivergence(shifted), [4 * 0.5 * (4 + 4 - 1 - Math.log(4))], 1e-6);
      assertClose(samplePosterior(shifted, tf.zeros([1, 2, 2, 1])), shifted.mean, 0);
      assertClose(samplePosterior(shifted, tf.ones([1, 2, 2, 1])), [4, 4, 4, 4], 1e-6);
      assert.throws(() => samplePosterior(shifted, tf.ones([1, 2, 2, 2])), /noise: expected \[1, 2, 2, 1\], got \[1, 2, 2, 2\]/);
      const params = initVae(small, key(1));
      const wild = {
        ...params,
        quant_conv: { weight: tf.mul(params.quant_conv!.weight, 1e4) as tf.Tensor4D, bias: params.quant_conv!.bias! },
      };
      const bounded = encode(small, wild, normal<tf.Rank.R4>(key(2), [1, 4, 4, 1])).logvar.dataSync();
      assert.deepEqual([Math.min(...bounded), Math.max(...bounded)], [-30, 20]);
    });
  }),
);

test(
  'wrong inputs and configs are refused by name',
  noLeaks(() => {
    const params = initVae(small, key(1));
    tf.tidy(() => {
      assert.throws(() => encode(small, params, tf.zeros([1, 8, 8, 3])), /vae: image: expected \[B, H, W, 1\], got \[1, 8, 8, 3\]/);
      assert.throws(() => encode(small, params, tf.zeros([1, 1, 8, 1])), /vae: image: expected at least 2 by 2 pixels, got 1 by 8/);
      assert.throws(() => decode(small, params, tf.zeros([1, 8, 8, 3])), /vae: z: expected \[B, H, W, 4\], got \[1, 8, 8, 3\]/);
    });
    const refused = (more: object, words: RegExp) => assert.throws(() => vaeShapes({ ...small, ...more } as VaeConfig), words);
    refused({ act_fn: 'relu' }, /vae: act_fn: expected "silu" or "swish", got "relu"/);
    refused({ shift_factor: 0.1159 }, /shift_factor: expected null, got 0\.1159/);
    refused({ ...blocks(3) }, /down_block_types: expected 2 blocks, as block_out_channels has, got 3/);
    refused({ norm_num_groups: 3 }, /norm_num_groups is 3, which does not divide 8/);
    dispose(params);
  }),
);

test(
  'saved and loaded again, parameters are the same',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initVae(small, key(3));
    await saveVae(folder, { config: small, params });
    const loaded = await loadVae(folder);
    assertSameTree(loaded.params, params);
    dispose(params, loaded.params);
  }),
);

test(
  "a file with the attention's old names, as Stable Diffusion 1.x is published, loads too",
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initVae(small, key(3));
    const old = [
      ['to_q', 'query'],
      ['to_k', 'key'],
      ['to_v', 'value'],
      ['to_out.0', 'proj_attn'],
    ] as const;
    await saveParameters(folder, 'diffusion_pytorch_model', params, {
      rename: (name) => old.reduce((renamed, [now, before]) => renamed.replace(`.attentions.0.${now}.`, `.attentions.0.${before}.`), name),
    });
    await writeJson(`${folder}/config.json`, small);
    const loaded = await loadVae(folder);
    assertSameTree(loaded.params, params);
    dispose(params, loaded.params);
  }),
);
