import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, valueAndGrad } from 'roentgen-lab/engine';
import { codebookUse, decodeCodes, encodeToCodes, initVq, loadVq, nearestCodes, quantise, saveVq, type VqConfig } from 'roentgen-lab/vq';
import { assertClose, noLeaks } from '../support';

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
