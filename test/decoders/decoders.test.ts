import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { generate, type LanguageModel, nextTokenLoss, processScores } from 'roentgen-lab/decoders';
import { dispose } from 'roentgen-lab/engine';
import { causalScores, placesFrom, tokenPositions } from '#decoders/masks';
import { assertClose, noLeaks } from '../support';
import { lastLogits, models } from './tiny';

test('masks: what comes later, padding and what is beyond the window are not seen', () =>
  noLeaks(() => {
    const scores = causalScores({ mask: [[0, 1, 1]], from: 1, length: 2, capacity: 4, window: 2 });
    assert.deepEqual(
      Array.from(scores.dataSync(), (value) => Number(value === 0)),
      [0, 1, 0, 0, 0, 1, 1, 0],
    );
    const places = placesFrom(1, 2, 4);
    assert.deepEqual([...places.dataSync()], [0, 0, 1, 0, 0, 1, 0, 0]);
    assert.deepEqual(tokenPositions([[0, 0, 1, 1]]), [[0, 0, 0, 1]]);
    dispose(scores, places);
  })(undefined as never));

test(
  'greedy search says what one pass over each longer row says; padding on the left changes nothing',
  noLeaks(() => {
    for (const model of models()) {
      const prompt = [5, 9, 2];
      const row = [...prompt];
      for (let i = 0; i < 5; i++) row.push(lastLogits(model, row).reduce((best, value, at, all) => (value > all[best]! ? at : best), 0));
      const options = { maxNewTokens: 5, end: -1, padding: 0 };
      assert.deepEqual(generate(model, { ids: [prompt] }, options).sequences, [row]);
      const padded = generate(model, { ids: [[0, 0, ...prompt]], mask: [[0, 0, 1, 1, 1]] }, options);
      assert.deepEqual(padded.sequences, [[0, 0, ...row]]);
      // Nor where tokens that were there are less likely: padding, though it be the likeliest token, was not.
      const [fill, other] = [row[3]!, { ...options, processors: [{ kind: 'repetition_penalty', value: 50 }] } as const];
      const [alone] = generate(model, { ids: [prompt] }, other).sequences;
      const beside = generate(model, { ids: [[fill, fill, ...prompt]], mask: [[0, 0, 1, 1, 1]] }, other);
      assert.deepEqual(beside.sequences, [[fill, fill, ...alone!]]);
      const ended = generate(model, { ids: [prompt] }, { ...options, end: row[4]! });
      assert.deepEqual(ended.sequences, [row.slice(0, row.indexOf(row[4]!, 3) + 1)]); // where it comes first
      dispose(model.params);
    }
  }),
);

test(
  'beam search with as many beams as there are sequences finds the likeliest; its score is their mean log-probability',
  noLeaks(() => {
    const [model, ...others] = models() as [LanguageModel, ...LanguageModel[]];
    for (const { params } of others) dispose(params);
    const logProbabilities = (row: readonly number[]): Float64Array => {
      const logits = lastLogits(model, row);
      const most = Math.max(...logits);
      const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most;
      return Float64Array.from(logits, (value) => value - total);
    };
    const first = logProbabilities([3, 4]);
    let best = { row: [] as number[], score: Number.NEGATIVE_INFINITY };
    for (let a = 0; a < 20; a++) {
      const second = logProbabilities([3, 4, a]);
      second.forEach((value, b) => {
        if ((first[a]! + value) / 2 > best.score) best = { row: [3, 4, a, b], score: (first[a]! + value) / 2 };
      });
    }
    const { sequences, scores } = generate(model, { ids: [[3, 4]] }, { maxNewTokens: 2, end: -1, padding: 0, beams: 10 });
    assert.equal(sequences.length, 10);
    assert.deepEqual(sequences[0], best.row);
    assertClose([scores![0]!], [best.score], 1e-5);
    assert.throws(
      () => generate(model, { ids: [[3, 4]] }, { maxNewTokens: 20, end: 1, padding: 0 }),
      /2 tokens and 20 new ones are more than the model's 16/,
    );
    assert.throws(() => generate(model, { ids: [[3, 4], [3]] }, { maxNewTokens: 2, end: 1, padding: 0 }), /rows of one length/);
    dispose(model.params);
  }),
);

test('processors: each by itself', () => {
  const scores = [2, 1, 0, -1];
  const none = Number.NEGATIVE_INFINITY;
  assert.deepEqual([...processScores(scores, [], [{ kind: 'top_k', value: 2 }])], [2, 1, none, none]);
  assert.deepEqual([...processScores(scores, [], [{ kind: 'top_p', value: 0.7 }])], [2, 1, none, none]);
  assert.deepEqual([...processScores(scores, [], [{ kind: 'top_p', value: 1e-9 }])], [2, none, none, none]);
  assert.deepEqual([...processScores(scores, [], [{ kind: 'min_p', value: 0.3 }])], [2, 1, none, none]);
  assert.deepEqual([...processScores(scores, [0, 3], [{ kind: 'repetition_penalty', value: 2 }])], [1, 1, 0, -2]);
  assert.deepEqual([...processScores(scores, [1, 2, 1], [{ kind: 'no_repeat_ngram_size', value: 2 }])], [2, 1, none, -1]);
  assert.deepEqual([...processScores(scores, [1], [{ kind: 'no_repeat_ngram_size', value: 3 }])], scores);
});

test(
  'the loss is of the next token, and labels of -100 do not count',
  noLeaks(() => {
    const logits = tf.tensor3d([0, 0, 9, 0, 0, 0], [1, 3, 2]);
    const labels = tf.tensor2d([0, 1, 0], [1, 3], 'int32');
    const some = tf.tensor2d([0, 1, -100], [1, 3], 'int32');
    const [all, one] = [nextTokenLoss(logits, labels), nextTokenLoss(logits, some)];
    assertClose(all, [(Math.LN2 + Math.log1p(Math.exp(-9))) / 2], 1e-6);
    assertClose(one, [Math.LN2], 1e-6);
    dispose(logits, labels, some, all, one);
  }),
);
