import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, countParameters, dispose, key, normal } from 'roentgen-lab/engine';
import { initUNet, loadUNet, type UNetConfig, type UNetParams, unet, unetShapes } from 'roentgen-lab/unet';
import { contextKeys } from '#unet/context';
import { saveUNet } from '#unet/files';
import { assertGolden, assertSameTree, assertSlope, countValues, golden, goldenInput, verifyFixtures } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';

const small: UNetConfig = {
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  cross_attention_dim: 12,
  attention_head_dim: 2,
  norm_num_groups: 4,
};

/** The JSON that Stable Diffusion 1.4 is published with. */
const stableDiffusion14 = {
  _class_name: 'UNet2DConditionModel',
  _diffusers_version: '0.2.2',
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
} as UNetConfig;

interface Inputs {
  latents: tf.Tensor4D;
  timesteps: tf.Tensor1D;
  context: tf.Tensor3D;
}

const inputs = (height = 5, width = 6, batch = 2): Inputs => ({
  latents: normal<tf.Rank.R4>(key(11), [batch, height, width, 4]),
  timesteps: tf.tensor1d([999, 3.5, 40].slice(0, batch)),
  context: normal<tf.Rank.R3>(key(12), [batch, 6, 12]),
});

test('Stable Diffusion 1.4 has 859,520,964 parameters, in 686 tensors, by its own config', () => {
  const shapes = unetShapes(stableDiffusion14);
  assert.equal(countValues(shapes), 859_520_964);
  assert.equal(Object.keys(shapes).length, 686);
  assert.deepEqual(shapes['down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k.weight'], [768, 320]);
});

test(
  'the table of shapes is that of the parameters',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    assert.equal(countParameters(params), countValues(unetShapes(small)));
    dispose(params);
  }),
);

test(
  "outputs are the reference implementation's on the same weights",
  noLeaks(() => {
    const given = golden('unet');
    const params = initUNet(given.config, key(given.seed));
    const [latents, context] = [goldenInput<tf.Rank.R4>(given, 'latents'), goldenInput<tf.Rank.R3>(given, 'context')];
    const timesteps = tf.tensor1d([...given.timesteps!]);
    const output = unet(given.config, params, latents, timesteps, context);
    assertGolden(output, given.expected.output!, 'output');
    dispose(params, latents, context, timesteps, output);
  }),
);

test('the shared fixtures pass', (t) => verifyFixtures(t, 'unet/'));

test(
  'the gradient is the slope of the loss, in parameters and inputs',
  noLeaks(() => {
    const { latents, timesteps, context } = inputs(4, 4);
    const params = initUNet(small, key(1));
    const loss = (p: { params: UNetParams; latents: tf.Tensor4D; context: tf.Tensor3D }): tf.Scalar =>
      tf.mean(tf.square(unet(small, p.params, p.latents, timesteps, p.context)));
    assertSlope(loss, { params, latents, context }, key(9), 5e-3);
    dispose(params, latents, timesteps, context);
  }),
);

test(
  'compiled and op by op agree',
  noLeaks(() => {
    const { latents, timesteps, context } = inputs();
    const params = initUNet(small, key(1));
    const compiled = compile((p: UNetParams, x: tf.Tensor4D, t: tf.Tensor1D, c: tf.Tensor3D) => unet(small, p, x, t, c));
    const want = unet(small, params, latents, timesteps, context);
    for (let call = 0; call < 2; call++) {
      const got = compiled(params, latents, timesteps, context);
      assertClose(got, want, 1e-5);
      got.dispose();
    }
    compiled.dispose();
    dispose(params, latents, timesteps, context, want);
  }),
);

test(
  'samples of a batch do not see each other',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    const { latents, timesteps, context } = inputs(7, 5, 3);
    const all = unet(small, params, latents, timesteps, context);
    tf.tidy(() => {
      for (let i = 0; i < 3; i++) {
        const one = unet(small, params, tf.slice(latents, i, 1), tf.slice(timesteps, i, 1), tf.slice(context, i, 1));
        assertClose(one, tf.slice(all, i, 1), 1e-5, `sample ${i}`);
      }
    });
    dispose(params, latents, timesteps, context, all);
  }),
);

test(
  "a context's keys and values serve in its place, with and without a mask, and are refused for another batch",
  noLeaks(() => {
    const config: UNetConfig = { ...small, down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'], transformer_layers_per_block: 2 };
    const params = initUNet(config, key(1));
    const { latents, timesteps, context } = inputs();
    const keys = contextKeys(params, context);
    assert.equal(keys.down_blocks[0]!.attentions, undefined);
    assert.deepEqual(
      keys.down_blocks[1]!.attentions![0]!.map(({ k }) => k.shape),
      [
        [2, 6, 16],
        [2, 6, 16],
      ],
    );
    tf.tidy(() => {
      for (const contextMask of [undefined, tf.tensor2d([1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0], [2, 6])])
        assertClose(
          unet(config, params, latents, timesteps, keys, { contextMask }),
          unet(config, params, latents, timesteps, context, { contextMask }),
          0,
        );
      const one = inputs(5, 6, 1);
      assert.throws(
        () => unet(config, params, one.latents, one.timesteps, keys),
        /unet: keys of the context: expected \[1, L, C\], got \[2, 6, 16\]/,
      );
      assert.throws(() => contextKeys(params, tf.zeros([2, 6, 768])), /unet: context: expected \[B, L, 12\], got \[2, 6, 768\]/);
    });
    dispose(params, latents, timesteps, context, keys);
  }),
);

test(
  'masked tokens of the context have no influence',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    const { latents, timesteps, context } = inputs();
    tf.tidy(() => {
      const contextMask = tf.tensor2d([1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0], [2, 6]);
      const masked = unet(small, params, latents, timesteps, context, { contextMask });
      const short = unet(small, params, latents, timesteps, tf.slice(context, [0, 0, 0], [2, 4, 12]));
      assertClose(masked, short, 1e-5);
      const masking = { ...small, mask_padding: true };
      assertClose(unet(masking, params, latents, timesteps, context, { contextMask }), masked, 0);
      assert.throws(() => unet(masking, params, latents, timesteps, context), /unet: the config says mask_padding: expected contextMask/);
      // A weight between is a token so many times: 2 of the last one beside 1 of the others, both scaled to at most 1.
      const halves = tf.tensor2d([0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 1], [2, 4]);
      const twice = tf.gather(context, [0, 1, 2, 3, 3], 1);
      assertClose(
        unet(small, params, latents, timesteps, tf.slice(context, [0, 0, 0], [2, 4, 12]), { contextMask: halves }),
        unet(small, params, latents, timesteps, twice),
        1e-5,
      );
    });
    dispose(params, latents, timesteps, context);
  }),
);

test(
  'class labels add a row of the table to the time',
  noLeaks(() => {
    const config = { ...small, num_class_embeds: 3 };
    const params = initUNet(config, key(1));
    const { latents, timesteps, context } = inputs();
    tf.tidy(() => {
      const labelled = (labels: number[]): tf.Tensor4D =>
        unet(config, params, latents, timesteps, context, { classLabels: tf.tensor1d(labels, 'int32') });
      const [a, b] = [labelled([0, 2]), labelled([1, 2])];
      assertClose(tf.slice(a, 1, 1), tf.slice(b, 1, 1), 1e-6);
      assert.ok(tf.max(tf.abs(tf.sub(tf.slice(a, 0, 1), tf.slice(b, 0, 1)))).dataSync()[0]! > 1e-3);
      assert.throws(() => unet(config, params, latents, timesteps, context), /has 3 classes \(num_class_embeds\): expected classLabels/);
    });
    dispose(params, latents, timesteps, context);
  }),
);

test(
  'the observer sees every block, and may look but not keep',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    const { latents, timesteps, context } = inputs();
    const seen: Record<string, number[]> = {};
    const output = unet(small, params, latents, timesteps, context, {
      onBlock: (name, block) => {
        seen[name] = block.shape;
      },
    });
    assert.deepEqual(seen, {
      time_embedding: [2, 32],
      conv_in: [2, 5, 6, 8],
      'down_blocks.0': [2, 3, 3, 8],
      'down_blocks.1': [2, 3, 3, 16],
      mid_block: [2, 3, 3, 16],
      'up_blocks.0': [2, 5, 6, 16],
      'up_blocks.1': [2, 5, 6, 8],
      conv_norm_out: [2, 5, 6, 8],
    });
    dispose(params, latents, timesteps, context, output);
  }),
);

test(
  'the attention observer sees rows of probabilities by the key of each cross-attention, and changes nothing',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    const { latents, timesteps, context } = inputs();
    const seen: Record<string, number[]> = {};
    const contextMask = tf.tensor2d([...[1, 1, 1, 1, 0, 0], ...[1, 1, 1, 1, 1, 0]], [2, 6]);
    const plain = unet(small, params, latents, timesteps, context, { contextMask });
    const output = unet(small, params, latents, timesteps, context, {
      contextMask,
      onAttention: (name, weights, size) => {
        seen[name] = [...weights.shape, ...size];
        tf.tidy(() => {
          assertClose(tf.sum(weights, 3), tf.ones(weights.shape.slice(0, 3)), 1e-5, name);
          assert.equal(tf.max(tf.slice(weights, [0, 0, 0, 4], [1, -1, -1, 2])).dataSync()[0], 0, 'masked tokens get nothing');
        });
      },
    });
    assert.deepEqual(Object.keys(seen).sort(), crossAttentions(small));
    for (const [name, [batch, , places, length, height, width]] of Object.entries(seen))
      assert.deepEqual([batch, places, length], [2, height! * width!, 6], name);
    assertClose(output, plain, 0);
    dispose(params, latents, timesteps, context, contextMask, plain, output);
  }),
);

/** The keys of all cross-attentions, from the parameters' own names. */
function crossAttentions(config: UNetConfig): string[] {
  const names = Object.keys(unetShapes(config)).flatMap((name) => /^(.*\.attn2)\.to_q\.weight$/.exec(name)?.[1] ?? []);
  return names.sort();
}

test(
  'wrong inputs are refused by name and shape',
  noLeaks(() => {
    const params = initUNet(small, key(1));
    const { latents, timesteps, context } = inputs();
    tf.tidy(() => {
      const call = (x: tf.Tensor, t: tf.Tensor, c: tf.Tensor) => () =>
        unet(small, params, x as tf.Tensor4D, t as tf.Tensor1D, c as tf.Tensor3D);
      assert.throws(call(tf.zeros([2, 16, 16, 3]), timesteps, context), /unet: latents: expected \[B, H, W, 4\], got \[2, 16, 16, 3\]/);
      assert.throws(call(latents, tf.zeros([3]), context), /unet: timesteps: expected \[2\], got \[3\]/);
      assert.throws(call(latents, timesteps, tf.zeros([2, 6, 768])), /unet: context: expected \[2, L, 12\], got \[2, 6, 768\]/);
    });
    dispose(params, latents, timesteps, context);
  }),
);

test('configs of other networks are refused by key and value', () => {
  const refused = (more: object, words: RegExp) => assert.throws(() => unetShapes({ ...small, ...more } as UNetConfig), words);
  refused({ act_fn: 'gelu' }, /unet: act_fn: expected "silu" or "swish", got "gelu"/);
  refused({ class_embed_type: 'timestep' }, /class_embed_type: expected null or false, got "timestep"/);
  refused({ addition_embed_type: 'text_time' }, /addition_embed_type: .* got "text_time"/);
  refused({ num_attention_heads: 8 }, /num_attention_heads: .* got 8/);
  refused({ block_out_channels: [8, 18] }, /norm_num_groups is 4, which does not divide 18/);
  refused(
    { down_block_types: ['AttnDownBlock2D', 'DownBlock2D'] },
    /down_block_types: expected a list, each "CrossAttnDownBlock2D" or "DownBlock2D"/,
  );
  refused({ attention_head_dim: [1, 2, 3] }, /attention_head_dim: expected one value for each of 2 blocks/);
  refused({ layers_per_block: 0 }, /layers_per_block: expected a whole number from 1.*, got 0/);
  refused({ something_new: 'yes' }, /something_new is unknown \(the result may depend on its value, "yes"/);
});

test(
  'saved and loaded again, config and parameters are the same, and a changed config is found out by its keys',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initUNet(small, key(3));
    await saveUNet(folder, { config: small, params });
    const loaded = await loadUNet(folder);
    assertSameTree(loaded.params, params);
    assert.deepEqual(loaded.config, { _class_name: 'UNet2DConditionModel', ...small });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...small, cross_attention_dim: 16, num_class_embeds: 2 }));
    await assert.rejects(
      loadUNet(folder),
      /missing \(1\):\n {4}class_embedding\.weight[\s\S]*attn2\.to_k\.weight: expected \[8, 16\], got \[8, 12\]/,
    );
    dispose(params, loaded.params);
  }),
);
