import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, key, normal, scope, uniformArray, valueAndGrad } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { type ClassifierConfig, perceptualNetwork } from 'roentgen-lab/metrics';
import type { Optimisation, VaeLossWeights } from 'roentgen-lab/training';
import { decode, encode, type VaeParams } from 'roentgen-lab/vae';
import { detach } from '#engine/internal';
import { classifierStages, initClassifier, perceptualDistance } from '#metrics/internal';
import { adaptiveWeight, initPatchDiscriminator, patchDiscriminator } from '#training/losses/patch-discriminator';
import { vaeLoss, vaeTrainingLoss } from '#training/losses/vae-loss';
import { type TrainVaeOptions, trainVae } from '#training/train-vae';
import { initVae } from '#vae/internal';
import { assertSameTree } from '../networks';
import { assertClose, noLeaks } from '../support';
import { config, SIZE } from './tiny-autoencoder';

const judge: ClassifierConfig = { size: SIZE, channels: [8, 8, 16], hidden: 8, findings: ['a'], sided: [] };
const plain: VaeLossWeights = { reconstruction: 'l1', gradient: 0, kl: 1e-6 };
const optimisation: Optimisation = {
  steps: 4,
  batch_size: 2,
  learning_rate: { peak: 1e-3, schedule: 'constant', warmup: 0, floor: 0 },
  betas: [0.5, 0.9],
  epsilon: 1e-8,
  weight_decay: 0,
  clip_norm: 1e6,
};

const images = (): tf.Tensor4D =>
  tf.tidy(() => tf.sub(tf.mul(tf.tensor4d(uniformArray(key(3), 2 * SIZE * SIZE), [2, SIZE, SIZE, 1]), 2), 1));

test(
  'the adaptive weight is the ratio of whole gradients at the last layer, and nothing is taught through it',
  noLeaks(() => {
    const params = initVae(config, key(1));
    const critic = initPatchDiscriminator(1, key(2));
    const x = images();
    const noise = tf.zeros([2, 16, 16, 4]) as tf.Tensor4D;
    const z = tf.tidy(() => encode(config, params, x).mean);
    const reconstruction = (y: tf.Tensor4D): tf.Scalar => tf.mean(tf.abs(tf.sub(y, x))) as tf.Scalar;
    const adversarial = (y: tf.Tensor4D): tf.Scalar => tf.neg(tf.mean(patchDiscriminator(critic, y))) as tf.Scalar;
    const norms = [reconstruction, adversarial].map((loss) => {
      const { value, grads } = valueAndGrad((now: VaeParams) => scope(() => loss(decode(config, now, z))))(params);
      const norm = tf.tidy(() => tf.norm(grads.decoder.conv_out.weight).dataSync()[0]!);
      dispose(value, grads);
      return norm;
    });
    const { value, grads } = valueAndGrad((w: { weight: tf.Tensor4D }) => {
      const states = normal<tf.Rank.R4>(key(6), [2, SIZE, SIZE, 8]);
      const balance = adaptiveWeight(states, { weight: w.weight }, reconstruction, adversarial);
      return tf.add(tf.mul(balance, 3), tf.sum(detach(w.weight))) as tf.Scalar;
    })({ weight: params.decoder.conv_out.weight });
    assert.ok(grads.weight.dataSync().every((g) => g === 0));
    const active = tf.scalar(0.5);
    const asked = { ...plain, adversarial: { weight: 0.5, from: 1 } };
    const trained = { vae: params, discriminator: critic };
    const total = vaeTrainingLoss(config, asked, trained, { images: x, noise, adversarial: active }, undefined, false);
    assertClose(total.aux.balance!, [norms[0]! / (norms[1]! + 1e-4)], 1e-4, 'adaptive weight');
    assert.ok(norms[0]! > 0 && norms[1]! > 0);
    assert.ok(Number.isFinite(total.loss.dataSync()[0]!));
    const { loss, aux } = total;
    const sum = tf.tidy(() => {
      const {
        reconstruction: l1,
        kl,
        adversarial: g,
        discriminator: d,
        balance,
      } = Object.fromEntries(Object.entries(aux).map(([name, scalar]) => [name, scalar.dataSync()[0]!])) as Record<string, number>;
      return l1! + 1e-6 * kl! + 0.5 * balance! * g! + d!;
    });
    assertClose(loss, [sum], 1e-5, 'sum of the terms');
    dispose(params, critic as never, x, z, noise, active, value, grads, loss, aux);
  }),
);

test(
  'the perceptual distance is 0 for the same pictures, and grows with their difference as the formula says',
  noLeaks(() => {
    const params = initClassifier(judge, key(4));
    const network = perceptualNetwork({ config: judge, params });
    const a = tf.tensor4d(uniformArray(key(7), SIZE * SIZE), [1, SIZE, SIZE, 1]);
    const b = tf.tensor4d(uniformArray(key(8), SIZE * SIZE), [1, SIZE, SIZE, 1]);
    const [same, other] = [perceptualDistance(network, params, a, a), perceptualDistance(network, params, a, b)];
    assert.equal(same.dataSync()[0], 0);
    let expected = 0;
    const [x, y] = [classifierStages(judge, params, a), classifierStages(judge, params, b)];
    x.forEach((layer, i) => {
      const [, h, w, c] = layer.shape;
      const [u, v] = [layer.dataSync(), y[i]!.dataSync()];
      for (let p = 0; p < h * w; p++) {
        const at = (values: ArrayLike<number>): number[] => Array.from({ length: c }, (_, k) => values[p * c + k]!);
        const [s, t] = [at(u), at(v)];
        const [ns, nt] = [Math.hypot(...s), Math.hypot(...t)];
        expected += s.reduce((sum, value, k) => sum + (value / ns - t[k]! / nt) ** 2, 0) / (h * w);
      }
    });
    assertClose(other, [expected], 1e-5);
    tf.dispose([same, other, a, b, ...x, ...y]);
    dispose(params);
  }),
);

interface Trained {
  readonly params: VaeParams;
  readonly log: readonly { readonly loss: number; readonly aux: Readonly<Record<string, number>> }[];
}

async function train(weights: VaeLossWeights, extra: Partial<TrainVaeOptions> = {}): Promise<Trained> {
  const params = initVae(config, key(1));
  const pixels = rowsOf(uniformArray(foldIn(key(9), 1), 6 * SIZE * SIZE), SIZE * SIZE);
  try {
    return await trainVae({ config, params, pixels, size: SIZE, weights, optimisation, key: key(12), ...extra });
  } finally {
    dispose(params);
  }
}

test(
  'a discriminator that has not begun changes nothing; when it has, it does; the same run gives the same bytes',
  noLeaks(async () => {
    const without = await train(plain);
    const late = await train({ ...plain, adversarial: { weight: 0.5, from: 100 } });
    const early = await train({ ...plain, adversarial: { weight: 0.5, from: 3 } });
    const again = await train({ ...plain, adversarial: { weight: 0.5, from: 3 } });
    assertClose(late.params.decoder.conv_out.weight, without.params.decoder.conv_out.weight, 1e-6);
    assertSameTree(early.params as never, again.params as never);
    assert.deepEqual(early.log, again.log);
    const differ = tf.tidy(
      () => tf.max(tf.abs(tf.sub(early.params.decoder.conv_out.weight, late.params.decoder.conv_out.weight))).dataSync()[0]!,
    );
    assert.ok(differ > 1e-5, `largest difference ${differ}`);
    assertClose([early.log[1]!.loss], [late.log[1]!.loss], 1e-6, 'step 2');
    assert.ok(early.log[2]!.aux.balance! > 0 && early.log[2]!.aux.balance! <= 1e4);
    dispose(without.params, late.params, early.params, again.params);
  }),
);

test(
  'the perceptual term is in the loss with its weight, needs a network, and L2 is the squared error',
  noLeaks(async () => {
    const params = initClassifier(judge, key(4));
    const network = perceptualNetwork({ config: judge, params });
    const one = { optimisation: { ...optimisation, steps: 1 }, perceptual: network };
    const [bare, seen] = [await train(plain, one), await train({ ...plain, perceptual: 0.3 }, one)];
    assertClose([seen.log[0]!.loss - bare.log[0]!.loss], [0.3 * seen.log[0]!.aux.perceptual!], 1e-5);
    await assert.rejects(train({ ...plain, perceptual: 0.3 }), /weights.perceptual: expected a network/);
    const [x, y] = [images(), tf.zeros([2, SIZE, SIZE, 1]) as tf.Tensor4D];
    const none = tf.zeros([1, 1, 1, 1]) as tf.Tensor4D;
    const terms = vaeLoss(x, y, { mean: none, logvar: none }, { ...plain, reconstruction: 'l2' });
    const squared = tf.tidy(() => tf.mean(tf.square(x)));
    assertClose(terms.aux.reconstruction!, squared, 1e-6);
    dispose(x, y, none, squared, terms);
    dispose(params, bare.params, seen.params);
  }),
);
