import assert from 'node:assert/strict';
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, key, mapTree, normal, scope, type Tree, unflatten, uniform } from 'roentgen-lab/engine';
import { writeJson, writeSafetensors } from 'roentgen-lab/files';
import {
  calibrate,
  densenet,
  initDenseNet,
  initResNet,
  initSiglipVision,
  initVit,
  interpolate,
  loadDenseNet,
  resnet,
  siglipVision,
  vit,
  xrvCentreCrop,
  xrvNormalise,
} from 'roentgen-lab/vision';
import { type EfficientNetLiteParams, efficientNetLite, efficientNetLiteShapes } from '#vision/efficientnet-lite';
import { type InceptionParams, inception, inceptionShapes } from '#vision/inception';
import { assertClose, noLeaks, tempDir } from '../support';

const dense = { growth_rate: 4, block_config: [1, 2], num_init_features: 6, bn_size: 2, num_classes: 3, in_channels: 1 };
const residual = { layers: [1, 1, 1, 2], planes: [8, 8, 16, 16], stem: 8, groups: 2, width_per_group: 32, num_classes: 3 };
const patches = { hidden_size: 12, intermediate_size: 16, num_hidden_layers: 2, num_attention_heads: 3, image_size: 16, patch_size: 8 };

/** The same values compiled and eagerly, and no more tensors than the results. */
function assertCompiles<P extends Tree>(params: P, images: tf.Tensor4D, fn: (params: P, images: tf.Tensor4D) => tf.Tensor): tf.Tensor {
  const network = compileNetwork((weights: P, x: tf.Tensor4D) => scope(() => fn(weights, x)));
  const [eager, compiled] = [scope(() => fn(params, images)), network(params, images)];
  network.dispose();
  assertClose(compiled, eager, 1e-5);
  compiled.dispose();
  return eager;
}

test(
  'every network gives compiled what it gives eagerly',
  noLeaks(() => {
    const grey = normal<tf.Rank.R4>(key(1), [2, 40, 33, 1]);
    const colour = normal<tf.Rank.R4>(key(2), [2, 16, 16, 3]);
    const larger = normal<tf.Rank.R4>(key(3), [1, 24, 40, 3]);
    const pixels = uniform<tf.Rank.R4>(key(4), [1, 40, 50, 3]);
    const [d, r, v, s] = [
      initDenseNet(dense, key(5)),
      initResNet(residual, key(6)),
      initVit(patches, key(7)),
      initSiglipVision(patches, key(8)),
    ];
    const random = <P extends Tree>(shapes: Record<string, number[]>): P =>
      unflatten<P>(
        Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.fill(shape, name.endsWith('var') ? 1 : 0.01)])),
      );
    const [i, e] = [random<InceptionParams>(inceptionShapes()), random<EfficientNetLiteParams>(efficientNetLiteShapes())];
    const results = [
      assertCompiles(d, grey, (p, x) => densenet(dense, p, x).logits),
      assertCompiles(r, colour, (p, x) => resnet(residual, p, x).logits),
      assertCompiles(v, larger, (p, x) => vit(patches, p, x).lastHiddenState),
      assertCompiles(s, colour, (p, x) => siglipVision(patches, p, x).poolerOutput!),
      assertCompiles(i, pixels, (p, x) => inception(p, x).logits),
      assertCompiles(e, colour, (p, x) => efficientNetLite(p, x).logits),
    ];
    assert.deepEqual(
      results.map(({ shape }) => shape),
      [
        [2, 3],
        [2, 3],
        [1, 16, 12],
        [2, 12],
        [1, 1008],
        [2, 1000],
      ],
    );
    dispose(grey, colour, larger, pixels, d, r, v, s, i as Tree, e, results);
  }),
);

test(
  'interpolation: same size changes nothing; a ramp stays a ramp; the corner rule begins at the first pixel',
  noLeaks(() => {
    const ramp = tf.tensor4d([0, 1, 2, 3], [1, 1, 4, 1]);
    const got = (['bilinear', 'bilinear-corner', 'bicubic'] as const).flatMap((rule) => [
      interpolate(ramp, [1, 4], rule),
      interpolate(ramp, [1, 8], rule),
    ]);
    for (const same of [got[0]!, got[2]!, got[4]!]) assertClose(same, ramp, 0);
    assertClose(
      got[1]!,
      [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3].flatMap((value) => [value]),
      1e-6,
    );
    assertClose(got[3]!, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3], 1e-6);
    const [left, right] = got[5]!.dataSync().slice(3, 5) as unknown as [number, number];
    assertClose([left + right, left], [3, 1.25 + 3 / 64], 1e-6); // with a = -0.75 a cubic bends straight lines a little
    dispose(ramp, got);
  }),
);

test("TorchXRayVision's scale, crop and calibration", () => {
  assertClose(xrvNormalise([0, 255, 127.5]), [-1024, 1024, 0], 0);
  assertClose(xrvNormalise([0, 65535], 65535), [-1024, 1024], 0);
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  assert.deepEqual([...xrvCentreCrop({ width: 4, height: 3, data }).data], [1, 2, 3, 5, 6, 7, 9, 10, 11]);
  assertClose(calibrate([0.1, 0.2, 0.6, 0.05, 0.9, 0.6], [0.2, 0.2, null]), [0.25, 0.5, 0.5, 0.125, 0.9375, 0.5], 1e-6);
});

test(
  'a folder: first files of torchvision have other key names and counters; a pickle is refused, with what to do',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initDenseNet(dense, key(9));
    const weights: Record<string, { shape: number[]; data: Float32Array }> = {};
    mapTree((leaf, path) => {
      const [a, b, c, d] = leaf.shape as [number, number, number, number];
      const old = path.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2');
      const values = scope(() =>
        (leaf.rank === 4 ? tf.transpose(leaf, [3, 2, 0, 1]) : leaf.rank === 2 ? tf.transpose(leaf) : leaf).dataSync(),
      );
      const shape = leaf.rank === 4 ? [d, c, a, b] : leaf.rank === 2 ? [b, a] : [...leaf.shape];
      weights[old] = { shape, data: values as Float32Array };
      return leaf;
    }, params);
    weights['features.norm0.num_batches_tracked'] = { shape: [1], data: Float32Array.of(3) };
    await writeSafetensors(join(folder, 'model.safetensors'), weights);
    await writeJson(join(folder, 'config.json'), dense);
    const images = normal<tf.Rank.R4>(key(10), [1, 32, 32, 1]);
    const loaded = await loadDenseNet(folder);
    const [a, b] = [densenet(dense, params, images), densenet(loaded.config, loaded.params, images)];
    assertClose(b.logits, a.logits, 0);
    dispose(params, loaded.params, images, a, b);
    renameSync(join(folder, 'model.safetensors'), join(folder, 'densenet.pth'));
    await assert.rejects(loadDenseNet(folder), /has no model\.safetensors; it has densenet\.pth\. .*safetensors/);
    copyFileSync(join(folder, 'config.json'), join(folder, 'other.json'));
    await writeJson(join(folder, 'config.json'), { ...dense, growth_rate: 0 });
    await assert.rejects(loadDenseNet(folder), /config\.json.*growth_rate: expected a whole number from 1, got 0/);
  }),
);
