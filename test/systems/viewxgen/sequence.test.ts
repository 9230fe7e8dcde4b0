import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrange, parseView } from 'roentgen-lab/systems';
import { imagePart, textPart, tinyConfig } from './tiny';

const T = tinyConfig.text_vocabulary;
const PADDING = tinyConfig.codes;

test('an image stands between the marks of its view, both lateral views between the same, and each of its tokens has the next one as target', () => {
  const text = textPart(3, 4);
  const marks = (['AP', 'PA', 'LATERAL', 'LL'] as const).map((view) => {
    const image = imagePart(view, 1);
    const { ids, targets } = arrange(tinyConfig, [image, text]);
    const codes = Array.from(image.codes as Int32Array);
    assert.deepEqual(Array.from(ids.subarray(1, 10)), codes.map((code) => T + code)); // biome-ignore format: one line
    assert.deepEqual(Array.from(targets.subarray(0, 11)), [...Array.from(ids.subarray(1, 11)), -1]);
    return [ids[0]! - T, ids[10]! - T];
  });
  assert.deepEqual(marks, [[PADDING + 1, PADDING + 2], [PADDING + 3, PADDING + 4], [PADDING + 5, PADDING + 6], [PADDING + 5, PADDING + 6]]); // biome-ignore format: by view
});

test('texts end where their last token is, and images that a study lacks are padding that nothing is learnt of', () => {
  const { ids, targets, positions } = arrange(tinyConfig, [textPart(3, 4), imagePart('PA', 2)]);
  assert.equal(ids.length, 7 + 3 * 11);
  assert.deepEqual(Array.from(targets.subarray(0, 7)), [3, 4, 29, -1, -1, -1, -1]);
  assert.ok(ids.subarray(18).every((id) => id === T + PADDING));
  assert.ok(targets.subarray(18).every((target) => target === -1));
  assert.deepEqual(Array.from(positions.subarray(0, 7)), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(positions[7], 7 + 11); // PA's table stands after the text's and AP's
  assert.equal(positions[18], 7 + 3 * 11);
});

test('what is no study is refused, with what was expected', () => {
  const image = imagePart('AP', 3);
  assert.throws(() => arrange(tinyConfig, [image]), /expected one text, got 0/);
  assert.throws(() => arrange(tinyConfig, [textPart(1), ...new Array(4).fill(image)]), /at most 3 images, got 4/);
  assert.throws(
    () => arrange(tinyConfig, [textPart(1), { ...image, codes: [1, 2] }]),
    /expected 9 codes \(3 × 3\), got 2; its codes are those of another autoencoder/,
  );
  assert.throws(() => arrange(tinyConfig, [textPart(1), { ...image, codes: new Array(9).fill(11) }]), /numbers from 0 to 10, got 11 at 0/);
  assert.throws(() => arrange(tinyConfig, [{ kind: 'text', ids: [1], length: 1 }]), /expected 7 tokens with padding, got 1/);
  assert.throws(() => parseView('OBLIQUE'), /expected one of AP, PA, LATERAL, LL, got "OBLIQUE"/);
  assert.equal(parseView('lateral'), 'LATERAL');
});
