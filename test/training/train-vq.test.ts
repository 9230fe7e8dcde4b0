import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { type Optimisation, type TrainVqOptions, trainVq } from 'roentgen-lab/training';
import { codebookUse, encodeToCodes, initVq, type VqConfig } from 'roentgen-lab/vq';
import { noLeaks } from '../support';

const SIZE = 24;
const COUNT = 24;
const CODES = 24;

const config: VqConfig = {
  in_channels: 1,
  out_channels: 1,
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  block_out_channels: [8, 16],
  latent_channels: 4,
  num_vq_embeddings: CODES,
  norm_num_groups: 4,
  mid_block_add_attention: false,
};

/** Discs of different places and greys. */
const pixels = Float32Array.from({ length: COUNT * SIZE ** 2 }, (_, i) => {
  const n = Math.floor(i / SIZE ** 2);
  const [y, x] = [Math.floor(i / SIZE) % SIZE, i % SIZE];
  return Math.hypot(y - 4 - (n % 8), x - 4 - ((3 * n) % 8)) < 4 ? 0.4 + 0.6 * ((n % 5) / 4) : 0.1;
});

const optimisation: Optimisation = {
  steps: 60,
  batch_size: 8,
  learning_rate: { peak: 3e-3, schedule: 'cosine', warmup: 5, floor: 0.1 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0,
  clip_norm: 1,
};

const plain = { reconstruction: 'l1', gradient: 0, codebook: 1 } as const;

async function trained(options: Partial<TrainVqOptions> = {}) {
  const params = initVq(config, key(1));
  try {
    return await trainVq({
      config,
      params,
      pixels: rowsOf(pixels, SIZE ** 2),
      size: SIZE,
      weights: plain,
      optimisation,
      key: key(2),
      ...options,
    });
  } finally {
    dispose(params);
  }
}

/** Codes that the images have. */
function used(params: Awaited<ReturnType<typeof trained>>['params']): number {
  return tf.tidy(() => {
    const images = tf.sub(tf.mul(tf.tensor4d(pixels, [COUNT, SIZE, SIZE, 1]), 2), 1) as tf.Tensor4D;
    return codebookUse(encodeToCodes(config, params, images).dataSync(), CODES).used;
  });
}

test(
  'images are learnt through the codebook; revival brings codes into use that stay unused without it',
  noLeaks(async () => {
    const without = await trained();
    const revived = await trained({ weights: { ...plain, revival: 0.05 } });
    const [first, last] = [without.log[0]!.aux.reconstruction!, without.log.at(-1)!.aux.reconstruction!];
    assert.ok(last < 0.5 * first, `${first} to ${last}`);
    const [few, more] = [used(without.params), used(revived.params)];
    assert.ok(more > few, `${few} codes without revival, ${more} with it`);
    assert.ok(revived.log.at(-1)!.aux.perplexity! > 1 && revived.log.at(-1)!.aux.perplexity! <= CODES);
    dispose(without.params, revived.params);
  }),
);

test(
  'a training that was stopped goes on to the same bytes, with crops, revival and a discriminator',
  noLeaks(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roentgen-test-vq-'));
    const options: Partial<TrainVqOptions> = {
      weights: { ...plain, revival: 0.5, beta: 0.25, betaOn: 'commitment', adversarial: { weight: 0.5, from: 3 } },
      optimisation: { ...optimisation, steps: 6 },
      crop: 16,
    };
    const checkpoints = { folder: join(folder, 'run'), identity: 'a', resume: 'always' } as const;
    try {
      const whole = await trained(options);
      assert.ok('discriminator' in whole.log.at(-1)!.aux);
      const stop = new AbortController();
      const cut = await trained({ ...options, checkpoints, signal: stop.signal, onStep: ({ step }) => void (step === 4 && stop.abort()) });
      assert.ok(cut.interrupted);
      const resumed = await trained({ ...options, checkpoints });
      for (const [name, value] of Object.entries(flatten(resumed.params)))
        assert.deepEqual(value.dataSync(), flatten(whole.params)[name]!.dataSync(), name);
      dispose(whole.params, cut.params, resumed.params);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }),
);

test(
  'squares that have no whole number of codes, and a perceptual term without its network, are refused',
  noLeaks(async () => {
    await assert.rejects(trained({ crop: 7 }), /trainVq: crop: expected a multiple of 2/);
    await assert.rejects(trained({ weights: { ...plain, perceptual: 1 } }), /weights.perceptual: expected a network/);
  }),
);
