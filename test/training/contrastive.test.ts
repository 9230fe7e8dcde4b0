import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, scope } from 'roentgen-lab/engine';
import { clipContrastiveLoss, convirtLoss, cosines, siglipLoss } from 'roentgen-lab/training';
import { assertClose, noLeaks } from '../support';

test(
  'contrastive losses: blind embeddings cost log B, right ones almost nothing, and lengths say nothing',
  noLeaks(() => {
    const blind = tf.ones([4, 3]) as tf.Tensor2D;
    const own = scope(() => tf.mul(tf.eye(4), tf.tensor2d([1, 2, 3, 4], [4, 1])) as tf.Tensor2D);
    const [scale, bias] = [tf.scalar(Math.log(100)), tf.scalar(-50)];
    const none = convirtLoss(blind, blind, { tau: 0.1, lambda: 0.75 });
    assertClose(none.loss, [Math.log(4)], 1e-6);
    const right = clipContrastiveLoss(own, own, scale);
    const pairs = siglipLoss(own, own, scale, bias);
    assert.ok(right.loss.dataSync()[0]! < 1e-6 && pairs.loss.dataSync()[0]! < 1e-6);
    const wrong = scope(() => siglipLoss(own, tf.reverse(own, 0), scale, bias).rows.dataSync());
    assertClose(wrong, [100, 100, 100, 100], 1e-4);
    const [x, y] = [normal<tf.Rank.R2>(key(1), [4, 3]), normal<tf.Rank.R2>(key(2), [4, 3])];
    const longer = scope(() => cosines(tf.mul(x, 3), y));
    const same = cosines(x, y);
    assertClose(longer, same, 1e-6);
    assert.throws(() => cosines(x, own), /cosines: texts/);
    dispose(blind, own, scale, bias, none, right, pairs, x, y, longer, same);
  }),
);

test(
  'the image side and the text side have their own weights',
  noLeaks(() => {
    const [x, y] = [normal<tf.Rank.R2>(key(3), [5, 4]), normal<tf.Rank.R2>(key(4), [5, 4])];
    const [image, text] = [convirtLoss(x, y, { tau: 0.5, lambda: 1 }), convirtLoss(x, y, { tau: 0.5, lambda: 0 })];
    const swapped = convirtLoss(y, x, { tau: 0.5, lambda: 0 });
    assertClose(image.loss, swapped.loss, 1e-6);
    assert.ok(Math.abs(image.loss.dataSync()[0]! - text.loss.dataSync()[0]!) > 1e-3);
    dispose(x, y, image, text, swapped);
  }),
);
