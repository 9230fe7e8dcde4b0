import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  generate,
  initR2Gen,
  nextTokenLoss,
  processScores,
  type R2GenConfig,
  type R2GenParams,
  r2genDecode,
  r2genEncode,
  r2genWriter,
} from 'roentgen-lab/decoders';
import { compile, dispose, flatten, foldIn, key, mapTree, normal, scope, valueAndGrad } from 'roentgen-lab/engine';
import { causalScores } from '#decoders/masks';
import { completeR2GenConfig } from '#decoders/r2gen/config';
import { r2genShapes } from '#decoders/r2gen/r2gen';
import { assertClose, noLeaks } from '../support';
import { plainR2Gen } from './plain-r2gen';

const config: R2GenConfig = {
  model_type: 'r2gen',
  vocab_size: 11,
  d_vf: 5,
  d_model: 8,
  d_ff: 6,
  num_layers: 2,
  num_heads: 2,
  rm_num_slots: 3,
  rm_num_heads: 4,
  max_seq_length: 12,
};
const ids = [
  [1, 4, 7, 4, 7, 2],
  [1, 9, 9, 3, 10, 5],
];
const END = 2;

/** Weights of which none is what it starts as, so that scales and shifts count. */
const weights = (): R2GenParams => {
  const params = initR2Gen(config, key(1));
  let leaf = 0;
  const moved = scope(() => mapTree((x) => tf.add(x, tf.mul(normal(foldIn(key(2), leaf++), x.shape), 0.1)), params));
  dispose(params);
  return moved;
};

type Inputs = { places: tf.Tensor3D; ids: tf.Tensor2D };
const inputs = (): Inputs => ({ places: normal(key(3), [2, 4, 5]) as tf.Tensor3D, ids: tf.tensor2d(ids, [2, 6], 'int32') });

/** A pass over texts that are known, [B, L, vocabulary]. */
const logProbabilities = (params: R2GenParams, { places, ids: tokens }: Inputs): tf.Tensor3D =>
  scope(() => {
    const [, L] = tokens.shape;
    const positions = tf.reshape(tf.range(0, L, 1, 'int32'), [1, L]) as tf.Tensor2D;
    const scores = causalScores({ mask: [new Array<number>(L).fill(1)], from: 0, length: L });
    const context = r2genEncode(config, params, places);
    return tf.logSoftmax(r2genDecode(config, params, { ids: tokens, positions, scores, context }).logits);
  });

test(
  'encoder, memory, conditional norms and decoder are those of plain loops over doubles; eager and compiled',
  noLeaks(() => {
    const params = weights();
    const given = inputs();
    const plain = plainR2Gen(completeR2GenConfig(config), flatten(params));
    const places = given.places.arraySync();
    const expected = places.map((one, b) => plain.decode(ids[b]!, plain.encode(one))).flat(2);
    const compiled = compile(logProbabilities);
    for (const run of [logProbabilities, compiled]) {
      const said = run(params, given);
      assertClose(said, expected, 1e-5);
      said.dispose();
    }
    assert.deepEqual(Object.fromEntries(Object.entries(flatten(params)).map(([path, { shape }]) => [path, shape])), r2genShapes(config));
    const reached = scope(() => {
      const loss = (p: R2GenParams, x: Inputs): tf.Scalar => nextTokenLoss(logProbabilities(p, x), x.ids);
      return Object.entries(flatten(valueAndGrad(loss)(params, given).grads)).flatMap(([path, g]) =>
        tf.sum(tf.abs(g)).dataSync()[0]! > 0 ? [] : [path],
      );
    });
    assert.deepEqual(reached, [], 'parameters without a gradient');
    compiled.dispose();
    dispose(params, given);
  }),
);

test(
  'writing token after token, the memory goes with its beam: sums are those of whole passes, and the search finds what trying all finds',
  noLeaks(() => {
    const params = weights();
    const { places, ids: tokens } = inputs();
    tokens.dispose();
    const context = r2genEncode(config, params, places);
    const model = r2genWriter(config, params);
    const prompts = { ids: [[1], [1]], context };
    const options = { maxNewTokens: 3, end: END, padding: 0 };
    const plain = plainR2Gen(completeR2GenConfig(config), flatten(params));
    const encoded = (places.arraySync() as number[][][]).map((one) => plain.encode(one));
    const greedy = generate(model, prompts, options).sequences;
    greedy.forEach((row, b) => {
      for (let t = 1; t < row.length && row[t - 1] !== END; t++) {
        const said = plain.decode(row.slice(0, t), encoded[b]!).at(-1)!;
        assert.equal(row[t], said.indexOf(Math.max(...said)));
      }
    });
    // 11 beams of 11 tokens: nothing that could be among the best two is given up before the last token but one.
    const { sequences, scores } = generate(model, prompts, { ...options, beams: 11, lengthPenalty: 0, earlyStopping: 'never' });
    for (const b of [0, 1]) {
      const all: { row: number[]; score: number }[] = [];
      const follow = (row: number[], score: number): void => {
        if (row.length === 4 || row.at(-1) === END) all.push({ row, score });
        else
          plain
            .decode(row, encoded[b]!)
            .at(-1)!
            .forEach((log, token) => {
              follow([...row, token], score + log);
            });
      };
      follow([1], 0);
      const best = all.reduce((a, one) => (one.score > a.score ? one : a));
      assert.deepEqual(sequences[b * 11]!.slice(0, best.row.length), best.row);
      assertClose([scores![b * 11]!], [best.score], 1e-5);
    }
    assert.throws(() => generate(model, prompts, { ...options, maxNewTokens: 12 }), /more than the model's 12 positions/);
    dispose(params, places, context);
  }),
);

test('the soft block takes its amount for each earlier run of three', () => {
  const scores = Float64Array.from([0, 0, 0, 0, 0]);
  const penalty = { kind: 'trigram_penalty', value: 1.5 } as const;
  assert.deepEqual([...processScores(scores, [4, 1, 2, 3, 1, 2, 3, 1, 2], [penalty])], [0, 0, 0, -3, 0]);
  assert.deepEqual([...processScores(scores, [1, 2], [penalty])], [0, 0, 0, 0, 0]);
  assert.deepEqual([...processScores(scores, [1, 1, 1], [penalty])], [0, -1.5, 0, 0, 0]);
});

test('a config that can not be worked with is refused', () => {
  assert.throws(() => r2genShapes({ ...config, num_heads: 3 }), /d_model is 8, not a multiple of num_heads, 3/);
  assert.throws(() => r2genShapes({ ...config, rm_slots: 3 } as never), /rm_slots/);
});
