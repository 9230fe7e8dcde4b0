import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, startEngine } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { initResNet } from 'roentgen-lab/vision';
import { initBert, saveTextEncoder } from '#encoders/internal';
import { openBertScorer } from '#evaluation/networks/bert-scorer';
import { loadContrastive, saveContrastive } from '#evaluation/networks/contrastive';
import { imageEncoderConfig, networkScale } from '#evaluation/networks/image-encoder';
import { contrastiveOf } from '#evaluation/networks/kept-contrastive';
import { writerOf } from '#evaluation/networks/kept-report-generator';
import { stepsFor } from '#evaluation/networks/optimisation';
import { loadReportGenerator, saveReportGenerator } from '#evaluation/networks/report-generator';
import { trainContrastive } from '#evaluation/networks/train-contrastive';
import { trainReportGenerator } from '#evaluation/networks/train-report-generator';
import { encodeImages, placesOf } from '#vision/internal';
import { assertClose, noLeaks, tempDir } from '../support';

const size = 32;
const kinds = ['left effusion.', 'right effusion.', 'left effusion. right effusion.', 'no acute findings.'];
const count = 64;

/** Grey squares with a white half on the side that the text names. */
function image(kind: number): Float32Array {
  const white = [[0], [1], [0, 1], []][kind]!;
  return Float32Array.from({ length: size * size }, (_, i) => (white.includes(i % size < size / 2 ? 0 : 1) ? 0.9 : 0.2));
}

const kindOf = (i: number): number => i % kinds.length;
const texts = Array.from({ length: count }, (_, i) => kinds[kindOf(i)]!);
const pixels = rowsOf(Float32Array.from(texts.flatMap((_, i) => [...image(kindOf(i))])), size * size);
const one = rowsOf(Float32Array.from(kinds.flatMap((_, kind) => [...image(kind)])), size * size);

const optimisation = {
  steps: 60,
  batch_size: 16,
  learning_rate: { peak: 3e-3, schedule: 'cosine', warmup: 5, floor: 0.1 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
} as const;

const encoder = (width: number) => {
  const config = imageEncoderConfig(size, 'quick', width);
  return { ...config, resnet: { ...config.resnet, planes: [8, 8, 16, 16], stem: 8 } };
};
const tokenizer = trainBpe(texts, { vocabularySize: 540, maxLength: 16 });
const ids = { vocab_size: tokenizer.vocabularySize, pad_token_id: tokenizer.padId };
const bertConfig = {
  model_type: 'bert',
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  ...ids,
} as const;
const contrastiveConfig = { image: encoder(16), width: 16, text: { ...bertConfig, max_position_embeddings: 16 } };

test(
  'contrastive: after training each image is nearest to its own text, and a saved network gives the same vectors',
  noLeaks(async (t) => {
    const model = await trainContrastive({ config: contrastiveConfig, tokenizer, pixels, texts, optimisation, key: key(1) });
    const folder = tempDir(t);
    await saveContrastive(folder, model);
    const [trained, loaded] = [contrastiveOf(model), contrastiveOf(await loadContrastive(folder))];
    try {
      const [images, words] = [await trained.images(await one.read([0, 1, 2, 3])), await trained.texts(kinds)];
      const vector = (values: Float32Array, i: number): number[] => [...values.subarray(i * 16, (i + 1) * 16)];
      const cosine = (i: number, j: number): number => vector(images, i).reduce((sum, value, k) => sum + value * vector(words, j)[k]!, 0);
      for (const i of kinds.keys()) {
        assertClose([vector(images, i).reduce((sum, value) => sum + value ** 2, 0)], [1], 1e-5);
        const nearest = [...kinds.keys()].sort((a, b) => cosine(i, b) - cosine(i, a))[0];
        assert.equal(nearest, i);
      }
      assertClose(await loaded.images(await one.read([0, 1, 2, 3])), images, 1e-6);
      assertClose(await loaded.texts(kinds), words, 1e-6);
    } finally {
      trained.dispose();
      loaded.dispose();
    }
  }),
);

const generatorConfig = {
  image: encoder(32),
  decoder: {
    model_type: 'gpt2',
    n_positions: 16,
    n_embd: 32,
    n_layer: 1,
    n_head: 2,
    add_cross_attention: true,
    vocab_size: tokenizer.vocabularySize,
  },
} as const;

test(
  'report generator: after training it writes what each image shows, greedily and by beams, and its own text surprises it least',
  noLeaks(async (t) => {
    const longer = { ...optimisation, steps: 200, learning_rate: { ...optimisation.learning_rate, peak: 6e-3 } };
    const model = await trainReportGenerator({ config: generatorConfig, tokenizer, pixels, texts, optimisation: longer, key: key(2) });
    const folder = tempDir(t);
    await saveReportGenerator(folder, model);
    const [trained, loaded] = [writerOf(model), writerOf(await loadReportGenerator(folder))];
    try {
      assert.deepEqual(await trained.write(one, { beams: 1, blockedNgram: 6 }), kinds);
      assert.deepEqual(await loaded.write(one, { beams: 3, blockedNgram: 6 }), kinds);
      const [, , both] = await trained.write(one, { beams: 1, blockedNgram: 1 });
      assert.notEqual(both, kinds[2]); // says "effusion" twice
      const words = both!.match(/[a-z]+/g)!;
      assert.equal(new Set(words).size, words.length);
      const [own, other] = [await trained.surprise(one, kinds), await trained.surprise(one, [...kinds].reverse())];
      assert.deepEqual(
        [...own.tokens],
        kinds.map((text) => tokenizer.ids(text).length - 1),
      ); // all but the mark of the beginning
      for (const i of kinds.keys()) assert.ok(own.nats[i]! / own.tokens[i]! < other.nats[i]! / other.tokens[i]!);
      assertClose((await loaded.surprise(one, kinds)).nats, own.nats, 1e-5);
    } finally {
      trained.dispose();
      loaded.dispose();
    }
  }),
);

test(
  'a training that a signal ends keeps nothing and throws its reason',
  noLeaks(async () => {
    const stop = new AbortController();
    const training = trainContrastive({
      config: contrastiveConfig,
      tokenizer,
      pixels,
      texts,
      optimisation,
      key: key(1),
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 2) stop.abort(new Error('enough'));
      },
    });
    await assert.rejects(training, /enough/);
  }),
);

test(
  'the places of an image are as many and as wide as its maps, for both kinds of blocks',
  noLeaks(() => {
    for (const block of ['BasicBlock', 'Bottleneck'] as const)
      for (const places of ['layer2', 'layer3', 'layer4'] as const) {
        const resnet = { block, layers: [1, 1, 1, 1], planes: [4, 4, 8, 12], stem: 4, in_channels: 1, num_classes: 6 };
        const config = { size: 48, resnet, places };
        const params = initResNet(resnet, key(1));
        const images = tf.zeros([2, 48, 48, 1]) as tf.Tensor4D;
        const encoded = encodeImages(config, params, images);
        const { count: found, channels } = placesOf(config);
        assert.deepEqual(encoded.places.shape, [2, found, channels]);
        assert.deepEqual(encoded.vector.shape, [2, 6]);
        dispose(encoded, params as never, images);
      }
  }),
);

test('scales: quick ones are small whatever the image, large images have a ResNet-50', () => {
  const scales = [
    [512, true],
    [64, false],
    [512, false],
  ] as const;
  assert.deepEqual(
    scales.map(([side, quick]) => networkScale({ size: side, quick })),
    ['quick', 'small', 'full'],
  );
  assert.deepEqual(imageEncoderConfig(512, 'full', 8).resnet, { in_channels: 1, num_classes: 8 });
  assert.deepEqual(placesOf(imageEncoderConfig(512, 'full', 8)), { count: 256, channels: 2048 });
});

test('few images are not seen without end', () => {
  assert.equal(stepsFor(7000, 300), 300);
  assert.equal(stepsFor(64, 300), 40);
});

test('BERTScore by an encoder of a folder: 1 for the same text, less for others; a CLIP is refused', async (t) => {
  await startEngine();
  const folder = tempDir(t);
  const config = { ...bertConfig, max_position_embeddings: 16, initializer_range: 0.5 };
  const params = initBert(config, key(4));
  await saveTextEncoder(folder, { config, params });
  dispose(params as never);
  await tokenizer.save(folder);
  const scorer = await openBertScorer(folder);
  try {
    const scores = await scorer.score([kinds[0]!, kinds[0]!, ''], [kinds[0]!, kinds[3]!, kinds[0]!]);
    assertClose([scores[0]!.f1, scores[2]!.f1], [1, 0], 1e-5);
    assert.ok(scores[1]!.f1 < 0.99);
    assert.match(scorer.definition, /layer 1 of 1/);
  } finally {
    scorer.dispose();
  }
  await assert.rejects(openBertScorer(join(folder, 'nothing')), /nothing/);
});
