import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, normal, valueAndGrad } from 'roentgen-lab/engine';
import { readSafetensors, writeSafetensors } from 'roentgen-lab/files';
import { codebookUse, decodeCodes, encodeToCodes, initVq, loadVq, nearestCodes, quantise, saveVq, type VqConfig } from 'roentgen-lab/vq';
import { decodeVectors, vqLatents } from '#vq/vq';
import { assertClose, noLeaks, tempDir } from '../support';

const config: VqConfig = {
  in_channels: 1,
  out_channels: 1,
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  block_out_channels: [8, 8, 16],
  latent_channels: 4,
  num_vq_embeddings: 12,
  vq_embed_dim: 5,
  norm_num_groups: 4,
};

test(
  'the nearest code is the one that loops find, and of codes as near the first',
  noLeaks(() => {
    const [codebook, latents] = [normal<tf.Rank.R2>(key(1), [12, 5]), normal<tf.Rank.R4>(key(2), [2, 3, 4, 5])];
    const codes = nearestCodes(codebook, latents);
    const table = codebook.arraySync();
    const want = (latents.arraySync().flat(2) as number[][]).map((z) => {
      const distances = table.map((code) => code.reduce((sum, value, c) => sum + (value - z[c]!) ** 2, 0));
      return distances.indexOf(Math.min(...distances));
    });
    assert.deepEqual([...codes.dataSync()], want);
    assert.deepEqual([codes.shape, codes.dtype], [[2, 3, 4], 'int32']);
    const same = tf.ones<tf.Rank.R2>([3, 5]);
    const first = nearestCodes(same, latents);
    assert.ok([...first.dataSync()].every((code) => code === 0));
    dispose(codebook, latents, codes, same, first);
  }),
);

test(
  'gradients pass straight through to the encoder; codes move towards outputs and outputs towards codes, by the weight that is asked for',
  noLeaks(() => {
    const given = { codebook: normal<tf.Rank.R2>(key(1), [12, 5]), latents: normal<tf.Rank.R4>(key(2), [1, 2, 2, 5]) };
    const through = valueAndGrad(
      ({ codebook, latents }: typeof given) => tf.sum(tf.mul(quantise(codebook, latents).vectors, 3)) as tf.Scalar,
    )(given);
    assertClose(through.grads.latents, new Array(20).fill(3), 0);
    assertClose(through.grads.codebook, new Array(60).fill(0), 0);
    dispose(through.value, through.grads);
    const norms = (['codebook', 'commitment'] as const).map((betaOn) => {
      const { value, grads } = valueAndGrad(
        ({ codebook, latents }: typeof given) => quantise(codebook, latents, { beta: 0.1, betaOn }).loss,
      )(given);
      const norm = (x: tf.Tensor): number => tf.tidy(() => tf.norm(x).dataSync()[0]!);
      const found = { codebook: norm(grads.codebook), latents: norm(grads.latents) };
      dispose(value, grads);
      return found;
    });
    const [onCodebook, onCommitment] = norms as [(typeof norms)[0], (typeof norms)[0]];
    assert.ok(Math.abs(onCodebook.codebook / onCommitment.codebook - 0.1) < 1e-5);
    assert.ok(Math.abs(onCommitment.latents / onCodebook.latents - 0.1) < 1e-5);
    dispose(given);
  }),
);

test('codes are counted: how many occur, and how evenly', () => {
  assert.deepEqual(codebookUse([3, 3, 3, 3], 8), { used: 1, perplexity: 1 });
  const { used, perplexity } = codebookUse([0, 1, 2, 3, 0, 1, 2, 3], 256);
  assert.equal(used, 4);
  assert.ok(Math.abs(perplexity - 4) < 1e-12);
  assert.throws(() => codebookUse([8], 8), /codes from 0 to 7, got 8/);
});

test(
  'a folder comes back as it was written, and a codebook of another size is refused by name',
  noLeaks(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roentgen-test-vq-'));
    const params = initVq(config, key(3));
    const image = normal<tf.Rank.R4>(key(4), [1, 16, 24, 1]);
    try {
      await saveVq(folder, { config, params });
      const read = await loadVq(folder);
      const [codes, again] = [encodeToCodes(config, params, image), encodeToCodes(read.config, read.params, image)];
      assert.deepEqual(codes.shape, [1, 4, 6]);
      assert.deepEqual(again.dataSync(), codes.dataSync());
      const [decoded, decodedAgain] = [decodeCodes(config, params, codes), decodeCodes(read.config, read.params, codes)];
      assert.deepEqual(decoded.shape, [1, 16, 24, 1]);
      assert.deepEqual(decodedAgain.dataSync(), decoded.dataSync());
      dispose(read.params, codes, again, decoded, decodedAgain);
      const file = join(folder, 'config.json');
      const written = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...written, num_vq_embeddings: 13 }));
      await assert.rejects(loadVq(folder), /quantize\.embedding\.weight.*\[13, 5\]/s);
      writeFileSync(file, JSON.stringify({ ...written, norm_type: 'spatial' }));
      await assert.rejects(loadVq(folder), /norm_type/);
    } finally {
      dispose(params, image);
      rmSync(folder, { recursive: true });
    }
  }),
);

/** Two levels, the lower one with attention, as taming-transformers has it at its lowest resolutions. */
const attending: VqConfig = {
  ...config,
  down_block_types: ['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'],
  up_block_types: ['AttnUpDecoderBlock2D', 'UpDecoderBlock2D'],
  block_out_channels: [8, 16],
  layers_per_block: 2,
};

const waves = (f: (i: number) => number, shape: [number, number, number, number]): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => f(i)),
    shape,
  );

test(
  'a level with attention gives what diffusers gives (VQModel of 0.42.1 with the weights of key 7)',
  noLeaks(() => {
    const params = initVq(attending, key(7));
    const [image, vectors] = [waves(Math.sin, [1, 8, 8, 1]), waves(Math.cos, [1, 4, 4, 5])];
    const [latents, decoded] = [vqLatents(attending, params, image), decodeVectors(attending, params, vectors)];
    const codes = encodeToCodes(attending, params, image);
    assertClose(
      latents.dataSync().slice(0, 8),
      [0.697884, -0.2576527, 0.0995274, 0.5673977, -0.1190827, 0.4444728, -0.2142464, 0.0751589],
      1e-5,
    );
    assert.deepEqual([...codes.dataSync()], [10, 10, 10, 10, 10, 10, 5, 5, 10, 5, 8, 8, 5, 5, 5, 5]);
    assertClose(
      decoded.dataSync().slice(0, 8),
      [-0.008362, -0.1109816, 0.0097543, 0.0906472, 0.1252633, -0.1476719, -0.1818042, -0.029331],
      1e-5,
    );
    dispose(params, { image, vectors, latents, decoded, codes });
  }),
);

/** A key of `attending` as taming-transformers has it. */
const FIRST_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(encoder|decoder)\.mid_block\.resnets\.0\./, '$1.mid.block_1.'],
  [/^(encoder|decoder)\.mid_block\.resnets\.1\./, '$1.mid.block_2.'],
  [/^(encoder|decoder)\.mid_block\.attentions\.0\./, '$1.mid.attn_1.'],
  [/^encoder\.down_blocks\.(\d)\.resnets\./, 'encoder.down.$1.block.'],
  [/^encoder\.down_blocks\.(\d)\.attentions\./, 'encoder.down.$1.attn.'],
  [/^encoder\.down_blocks\.0\.downsamplers\.0\./, 'encoder.down.0.downsample.'],
  [/^decoder\.up_blocks\.0\./, 'decoder.up.1.'],
  [/^decoder\.up_blocks\.1\./, 'decoder.up.0.'],
  [/^(decoder\.up\.\d)\.resnets\./, '$1.block.'],
  [/^(decoder\.up\.\d)\.attentions\./, '$1.attn.'],
  [/^decoder\.up\.1\.upsamplers\.0\./, 'decoder.up.1.upsample.'],
  [/(attn(_1|\.\d))\.group_norm\./, '$1.norm.'],
  [/(attn(_1|\.\d))\.to_([qkv])\./, '$1.$3.'],
  [/(attn(_1|\.\d))\.to_out\.0\./, '$1.proj_out.'],
  [/\.conv_shortcut\./, '.nin_shortcut.'],
  [/\.conv_norm_out\./, '.norm_out.'],
];

test(
  'a checkpoint of taming-transformers is read by its own names, with 1 × 1 convolutions for linear layers; what its loss had is passed over',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initVq(attending, key(7));
    await saveVq(folder, { config: attending, params });
    const path = join(folder, 'diffusion_pytorch_model.safetensors');
    const tensors = await readSafetensors(path);
    const renamed = Object.entries(tensors).map(([name, tensor]) => {
      const first = FIRST_NAMES.reduce((now, [pattern, to]) => now.replace(pattern, to), name);
      const isLinear = /attn(_1|\.\d)\.(q|k|v|proj_out)\.weight$/.test(first);
      return [first, isLinear ? { ...tensor, shape: [...tensor.shape, 1, 1] } : tensor] as const;
    });
    assert.ok(
      renamed.every(([name]) => !/_blocks|attentions|resnets|to_[qkv]/.test(name)),
      'every name has changed',
    );
    rmSync(path);
    await writeSafetensors(join(folder, 'model.safetensors'), {
      ...Object.fromEntries(renamed),
      'loss.discriminator.main.0.weight': { shape: [1], data: Float32Array.of(1) },
    });
    const loaded = await loadVq(folder);
    for (const [name, leaf] of Object.entries(flatten(loaded.params))) assertClose(leaf, flatten(params)[name]!, 0, name);
    dispose(params, loaded.params);
  }),
);
