import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, uniformArray } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { convNet, initConvNet } from 'roentgen-lab/vision';
import {
  type Head,
  headProbabilities,
  headsAuroc,
  headsLoss,
  headsReader,
  headsWidth,
  learningRateAt,
  presenceHeads,
  trainHeads,
} from '#training/internal';
import { assertClose, noLeaks } from '../support';

const heads: Head[] = [
  { name: 'effusion', answers: ['absent', 'present'] },
  { name: 'grade', answers: ['small', 'moderate', 'large'] },
];

test(
  'the loss is the mean cross-entropy of the answers that are known',
  noLeaks(() => {
    const z = [0.3, 1, -2, 0.5, -4, 0, 0, 7];
    const logits = tf.tensor2d(z, [2, 4]);
    const answers = tf.tensor2d([1, 2, -1, 0], [2, 2], 'int32');
    const loss = headsLoss(heads, logits, answers);
    const total = Math.exp(1) + Math.exp(-2) + Math.exp(0.5);
    const other = 2 + Math.exp(7);
    const want = (Math.log(1 + Math.exp(-0.3)) + (Math.log(total) - 0.5) + Math.log(other)) / 3;
    assertClose(loss, [want], 1e-6);
    const none = tf.fill([2, 2], -1, 'int32') as tf.Tensor2D;
    const nothing = headsLoss(heads, logits, none);
    assert.equal(nothing.dataSync()[0], 0);
    const [effusion, grade] = headProbabilities(heads, z) as [Float32Array, Float32Array];
    assertClose(effusion, [1 - 1 / (1 + Math.exp(-0.3)), 1 / (1 + Math.exp(-0.3)), 1 / (1 + Math.exp(-4)), 1 / (1 + Math.exp(4))], 1e-6);
    assertClose(grade.subarray(0, 3), [Math.exp(1) / total, Math.exp(-2) / total, Math.exp(0.5) / total], 1e-6);
    tf.dispose([logits, answers, loss, none, nothing]);
  }),
);

test('the mean AUROC leaves out what is unknown and what has one class', () => {
  const two = presenceHeads(['a', 'b']);
  const p = [0.1, 0.4, 0.8, 0.9].flatMap((value) => [1 - value, value]);
  const probabilities = [Float32Array.from(p), Float32Array.from(p)];
  assert.equal(headsAuroc(two, probabilities, [0, 1, 1, 1, 0, 1, 1, -1]), 0.75);
  assert.ok(Number.isNaN(headsAuroc(two, probabilities, [1, 1, 1, 1, 1, 1, 1, 1])));
  assert.equal(headsWidth([...two, ...heads]), 6);
});

test('a cyclic rate rises and falls between its floor and its peak', () => {
  const rate = { peak: 1, schedule: 'cyclic', warmup: 0, floor: 0.2, period: 8 } as const;
  const rates = [0, 2, 4, 6, 8, 12].map((t) => learningRateAt(rate, t, 100));
  assertClose(rates, [0.2, 0.6, 1, 0.6, 0.2, 1], 1e-12);
  assert.equal(learningRateAt({ ...rate, period: undefined }, 50, 100), 1);
});

const size = 32;
const net = {
  kind: 'resnet',
  config: { block: 'BasicBlock', layers: [1, 1, 1, 1], planes: [8, 8, 8, 8], stem: 8, num_classes: 2, in_channels: 1 },
} as const;

/** Noise, with a bright corner where the first is present; the second is present by chance and mostly unknown. */
function invented(n: number): { pixels: Float32Array; answers: Int8Array } {
  const pixels = uniformArray(key(3), n * size * size).map((value) => value / 2);
  const answers = new Int8Array(n * 2);
  for (let i = 0; i < n; i++) {
    answers[2 * i] = i % 2;
    answers[2 * i + 1] = i % 4 === 0 ? -1 : (i >> 1) % 2;
    if (i % 2) for (let y = 4; y < 14; y++) pixels.fill(0.9, (i * size + y) * size + 4, (i * size + y) * size + 14);
  }
  return { pixels, answers };
}

test(
  'learns, keeps running statistics, and ends when validation no longer improves',
  noLeaks(async () => {
    const { pixels, answers } = invented(96);
    const one = presenceHeads(['corner']);
    const options = {
      net: { ...net, config: { ...net.config, num_classes: 1 } },
      heads: one,
      pixels: rowsOf(pixels, size * size),
      size,
      answers: answers.filter((_, i) => i % 2 === 0),
      training: Int32Array.from({ length: 64 }, (_, i) => i),
      validation: Int32Array.from({ length: 32 }, (_, i) => 64 + i),
      optimisation: {
        steps: 200,
        batch_size: 16,
        learning_rate: { peak: 3e-3, schedule: 'cyclic', warmup: 0, floor: 0.1, period: 20 },
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 1e-5,
        clip_norm: 5,
      },
      every: 5,
      patience: 3,
      key: key(4),
    } as const;
    const trained = await trainHeads(options);
    assert.equal(trained.interrupted, false);
    const { validations } = trained;
    const best = Math.max(...validations.map(({ auroc }) => auroc));
    assert.ok(best > 0.95, `best AUROC ${best}`);
    assert.ok(validations.at(-1)!.step < 200, 'ends early');
    assert.equal(
      validations.findIndex(({ auroc }) => auroc === best),
      validations.length - 1 - options.patience,
    );

    // the kept weights are the best validation's: images beyond a batch's statistics are judged by the running ones
    const reader = headsReader(trained, size);
    const { logits, pooled } = await reader.read(trained.params, options.pixels, options.validation);
    assert.equal(headsAuroc(one, headProbabilities(one, logits), options.answers.subarray(64)), best);
    assert.equal(pooled.length, 32 * 8);
    const single = await reader.read(trained.params, options.pixels, [70]);
    assertClose(single.logits, [logits[6]!], 1e-4, 'one image alone');
    reader.dispose();
    const running = (trained.params as { bn1: { running_mean: tf.Tensor } }).bn1.running_mean;
    assert.ok(
      running.dataSync().some((value) => Math.abs(value) > 1e-3),
      'running means moved',
    );
    dispose(trained.params);
  }),
);

test(
  'says what does not fit',
  noLeaks(async () => {
    const { pixels, answers } = invented(8);
    const options = {
      net,
      heads: presenceHeads(['corner', 'chance']),
      pixels: rowsOf(pixels, size * size),
      size,
      answers,
      training: [0, 1, 2, 3],
      validation: [4, 6],
      optimisation: {
        steps: 1,
        batch_size: 4,
        learning_rate: { peak: 1e-3, schedule: 'constant', warmup: 0, floor: 1 },
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 0,
        clip_norm: 1,
      },
      every: 1,
      patience: 1,
      key: key(1),
    } as const;
    await assert.rejects(trainHeads({ ...options, heads: options.heads.slice(1) }), /one channel in and 1 classes/);
    await assert.rejects(trainHeads({ ...options, answers: answers.subarray(1) }), /answers: expected 8 × 2/);
    await assert.rejects(trainHeads({ ...options, training: [0] }), /two images or more/);
    await assert.rejects(trainHeads({ ...options, answers: answers.map(() => 1) }), /none of corner, chance has two classes/);
  }),
);

test(
  'DenseNet and ResNet go by one name',
  noLeaks(() => {
    const dense = {
      kind: 'densenet',
      config: { growth_rate: 4, block_config: [1, 1], num_init_features: 4, bn_size: 2, num_classes: 3, in_channels: 1 },
    } as const;
    for (const each of [dense, net]) {
      const params = initConvNet(each, key(1));
      const images = tf.zeros([2, 32, 32, 1]) as tf.Tensor4D;
      const out = convNet(each, params, images);
      assert.deepEqual(out.logits.shape, [2, each.config.num_classes]);
      dispose(params, out);
      images.dispose();
    }
  }),
);
