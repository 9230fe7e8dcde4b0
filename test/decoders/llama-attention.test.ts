import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { initLlama, initPhi, type LlamaConfig, llama, llamaAttention, phi, phiAttention } from 'roentgen-lab/decoders';
import { dispose, key, scope, type Tree } from 'roentgen-lab/engine';
import { causalScores, tokenPositions } from '#decoders/masks';
import { assertClose, noLeaks } from '../support';

test(
  'values weighed by the attention that is shown are what the pass mixes, with heads of keys for several of queries and within a window',
  noLeaks(() => {
    const sizes = {
      vocab_size: 11,
      hidden_size: 16,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      initializer_range: 0.5,
    };
    const ids = [
      [3, 1, 4, 1, 5],
      [0, 0, 9, 2, 6],
    ];
    const mask = [
      [1, 1, 1, 1, 1],
      [0, 0, 1, 1, 1],
    ];
    for (const config of [
      { model_type: 'llama', ...sizes },
      { model_type: 'mistral', ...sizes, sliding_window: 2 },
    ] as LlamaConfig[]) {
      const params = initLlama(config, key(1));
      const [layer] = params.model.layers;
      const { down_proj } = layer!.mlp;
      layer!.mlp.down_proj = { weight: tf.zerosLike(down_proj.weight) }; // the layer is its attention alone
      const inputs = {
        ids: tf.tensor2d(ids, undefined, 'int32'),
        positions: tf.tensor2d(tokenPositions(mask), undefined, 'int32'),
        scores: causalScores({ mask, from: 0, length: 5, ...(config.sliding_window && { window: config.sliding_window }) }),
      };
      const out = llama(config, params, inputs);
      const [weights] = llamaAttention(config, params, inputs);
      const wanted = scope(() => {
        const values = tf.reshape(out.kept[0]!.v, [2, 5, 2, 4]);
        const heads = Array.from({ length: 4 }, (_, head) => {
          const own = tf.reshape(tf.slice(weights!, [0, head, 0, 0], [2, 1, 5, 5]), [2, 5, 5]) as tf.Tensor3D;
          return tf.matMul(own, tf.reshape(tf.slice(values, [0, 0, head >> 1, 0], [2, 5, 1, 4]), [2, 5, 4]));
        });
        const mixed = tf.reshape(tf.matMul(tf.reshape(tf.concat(heads, 2), [10, 16]), layer!.self_attn.o_proj.weight), [2, 5, 16]);
        const x = tf.add(out.hiddenStates[0]!, mixed);
        return tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), 2, true), 1e-6)));
      });
      assertClose(out.hiddenStates[1]!, wanted, 1e-5);
      const rows = weights!.arraySync()[0]![0]!;
      const reach = config.model_type === 'mistral' ? 2 : 5;
      rows.forEach((row, i) => {
        row.forEach((value, j) => void assert.equal(value > 0, j <= i && i - j < reach, `${i} ${j}`));
      });
      dispose(params as Tree, inputs, out as unknown as Tree, { weights: weights!, wanted, old: down_proj.weight });
    }
  }),
);

test(
  'of Phi as well, whose heads turn in part and whose layers mix beside what they think',
  noLeaks(() => {
    const config = {
      model_type: 'phi' as const,
      vocab_size: 11,
      hidden_size: 16,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
    };
    const params = initPhi({ ...config, initializer_range: 0.5 }, key(1));
    const [layer] = params.model.layers;
    const { fc2 } = layer!.mlp;
    layer!.mlp.fc2 = { weight: tf.zerosLike(fc2.weight) }; // the layer is its attention alone
    const ids = [[3, 1, 4, 1, 5]];
    const mask = [[0, 1, 1, 1, 1]];
    const inputs = {
      ids: tf.tensor2d(ids, undefined, 'int32'),
      positions: tf.tensor2d(tokenPositions(mask), undefined, 'int32'),
      scores: causalScores({ mask, from: 0, length: 5 }),
    };
    const out = phi(config, params, inputs);
    const [weights] = phiAttention(config, params, inputs);
    const wanted = scope(() => {
      const heads = [0, 1].map((head) =>
        tf.matMul(
          tf.reshape(tf.slice(weights!, [0, head, 0, 0], [1, 1, 5, 5]), [5, 5]) as tf.Tensor2D,
          tf.reshape(tf.slice(out.kept[0]!.v, [0, 0, 8 * head], [1, 5, 8]), [5, 8]) as tf.Tensor2D,
        ),
      );
      const { dense } = layer!.self_attn;
      const x = tf.add(out.hiddenStates[0]!, tf.add(tf.matMul(tf.concat(heads, 1), dense.weight), dense.bias!));
      const { mean, variance } = tf.moments(x, 2, true);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
    });
    const [got, expected] = [out.hiddenStates[1]!, wanted].map((x) => tf.slice(x, [0, 1, 0])); // the first token is padding
    assertClose(got!, expected!, 1e-4);
    dispose(params as Tree, inputs, out as unknown as Tree, { weights: weights!, wanted, old: fc2, got: got!, expected: expected! });
  }),
);
