import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, unflatten } from 'roentgen-lab/engine';
import { type Blip2VisionConfig, type Blip2VisionParams, blip2Vision, initBlip2Vision } from 'roentgen-lab/vision';
import { toEngineLayout } from '#files/internal';
import { noLeaks, root } from '../support';

interface Golden {
  readonly cases: readonly {
    readonly config: Blip2VisionConfig;
    readonly parameters: readonly { readonly key: string; readonly shape: number[] }[];
    readonly states: number[][][];
  }[];
}

const golden: Golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'blip2-vision.json'), 'utf8'));

/** The weights of golden/blip2-vision.py. */
function weights(parameters: Golden['cases'][number]['parameters']): Blip2VisionParams {
  return unflatten<Blip2VisionParams>(
    Object.fromEntries(
      parameters.map(({ key: name, shape }, number) => {
        const more = name.endsWith('weight') && name.includes('norm') ? 1 : 0;
        const size = shape.reduce((a, b) => a * b, 1);
        const values = Float32Array.from({ length: size }, (_, i) => 0.3 * Math.sin(2.17 * i + number) + more);
        const { data, shape: own } = toEngineLayout(name, shape, values);
        return [name, tf.tensor(data, own)];
      }),
    ),
  );
}

test(
  "BLIP-2's image encoder says what its reference implementation does, with biases of queries, keys and values and without",
  noLeaks(() => {
    const pixels = tf.tidy(
      () => tf.transpose(tf.reshape(tf.sin(tf.mul(tf.range(0, 384), 0.37)), [2, 3, 8, 8]), [0, 2, 3, 1]) as tf.Tensor4D,
    );
    for (const { config, parameters, states } of golden.cases) {
      const params = weights(parameters);
      const out = blip2Vision(config, params, pixels);
      const wanted = states.flat(2);
      (out.dataSync() as Float32Array).forEach(
        (value, i) => void assert.ok(Math.abs(value - wanted[i]!) < 2e-5, `${i}: ${value} and ${wanted[i]}`),
      );
      assert.deepEqual(out.shape, [2, 5, 12]);
      const fresh = initBlip2Vision(config, key(1));
      assert.deepEqual(Object.keys(flatten(fresh)).sort(), parameters.map((one) => one.key).sort());
      dispose(params, out, fresh);
    }
    assert.throws(
      () => blip2Vision({ hidden_size: 10, num_attention_heads: 3 }, {} as Blip2VisionParams, pixels),
      /hidden_size is 10, not a multiple/,
    );
    dispose({ pixels });
  }),
);
