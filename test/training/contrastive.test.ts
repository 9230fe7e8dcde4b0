import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, scope } from 'roentgen-lab/engine';
import { clipContrastiveLoss, convirtLoss, cosines, siglipLoss, wordPatchLoss } from 'roentgen-lab/training';
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

test(
  "words against what they see: the paper's formula in plain loops; lengths say nothing",
  noLeaks(() => {
    const [B, N, P, D, tau] = [2, 3, 4, 5, 0.5];
    const words = normal<tf.Rank.R3>(key(5), [B, N, D]);
    const patches = normal<tf.Rank.R3>(key(6), [B, P, D]);
    const unit = (v: number[]): number[] => v.map((x) => x / Math.hypot(...v));
    const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const entropies = (rows: number[][]): number[] =>
      rows.map((row, i) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[i]!);
    const [forward, back]: [number[], number[]] = [[], []];
    for (let b = 0; b < B; b++) {
      const t = words.arraySync()[b]!.map(unit);
      const v = patches.arraySync()[b]!.map(unit);
      const seen = t.map((word) => {
        const raised = v.map((patch) => Math.exp(dot(word, patch) / Math.sqrt(D)));
        return unit(Array.from({ length: D }, (_, d) => v.reduce((sum, patch, p) => sum + raised[p]! * patch[d]!, 0)));
      });
      const logits = t.map((word) => seen.map((other) => dot(word, other) / tau));
      forward.push(...entropies(logits));
      back.push(...entropies(logits[0]!.map((_, j) => logits.map((row) => row[j]!))));
    }
    const loss = wordPatchLoss(words, patches, tau);
    assertClose(loss.wordToSeen, forward, 1e-5);
    assertClose(loss.seenToWord, back, 1e-5);
    assertClose(loss.loss, [[...forward, ...back].reduce((a, b) => a + b, 0) / (2 * B * N)], 1e-5);
    const longer = scope(() => wordPatchLoss(tf.mul(words, 3), tf.mul(patches, 0.1), tau).loss);
    assertClose(longer, loss.loss, 1e-5);
    const one = tf.slice(words, [0, 0, 0], [1, N, D]);
    assert.throws(() => wordPatchLoss(words, one, tau), /wordPatchLoss: patches/);
    dispose(words, patches, loss, longer, one);
  }),
);
