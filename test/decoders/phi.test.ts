import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { initPhi, languageModel, type PhiConfig } from 'roentgen-lab/decoders';
import { countParameters, dispose, flatten, key, unflatten } from 'roentgen-lab/engine';
import { causalScores, tokenPositions } from '#decoders/masks';
import { toEngineLayout } from '#files/internal';
import { noLeaks, root } from '../support';

interface Golden {
  readonly ids: number[][];
  readonly mask: number[][];
  readonly cases: readonly {
    readonly config: PhiConfig;
    readonly parameters: readonly { readonly key: string; readonly shape: number[] }[];
    readonly logits: readonly (readonly (readonly number[])[])[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'phi.json'), 'utf8'));

/** The weights of golden/phi.py. */
function weights(parameters: Golden['cases'][number]['parameters']): Record<string, tf.Tensor> {
  return Object.fromEntries(
    parameters.map(({ key: name, shape }, number) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from(
        { length: size },
        (_, i) => 0.3 * Math.sin(2.17 * i + number) + (name.endsWith('layernorm.weight') ? 1 : 0),
      );
      const { data, shape: own } = toEngineLayout(name, shape, values);
      return [name, tf.tensor(data, own)];
    }),
  );
}

test(
  'Phi says what its reference implementation does, with grouped heads and other shares of them that turn',
  noLeaks(() => {
    const { ids, mask, cases } = golden;
    for (const { config, parameters, logits } of cases) {
      const model = languageModel(config, unflatten(weights(parameters)));
      const inputs = {
        ids: tf.tensor2d(ids, undefined, 'int32'),
        positions: tf.tensor2d(tokenPositions(mask), undefined, 'int32'),
        scores: causalScores({ mask, from: 0, length: 5 }),
      };
      const out = model.forward(model.params, inputs);
      const got = out.logits.arraySync();
      mask.forEach((row, b) => {
        row.forEach((one, i) => {
          if (one === 1) got[b]![i]!.forEach((value, v) => void assert.ok(Math.abs(value - logits[b]![i]![v]!) < 2e-5, `${b} ${i} ${v}`));
        });
      });
      dispose(model.params, inputs, out);
    }
  }),
);

test(
  'random weights have the shapes that a folder has; a config of another network is refused with the key and its value',
  noLeaks(() => {
    const { config, parameters } = golden.cases[1]!;
    const params = initPhi(config, key(1));
    assert.deepEqual(Object.keys(flatten(params)).sort(), parameters.map((one) => one.key).sort());
    assert.equal(
      countParameters(params),
      parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    );
    dispose(params);
    assert.throws(() => initPhi({ ...config, qk_layernorm: true } as PhiConfig, key(1)), /RangeError: .*qk_layernorm/);
    assert.throws(
      () => initPhi({ ...config, num_attention_heads: 3 }, key(1)),
      /hidden_size is 32, not a multiple of num_attention_heads, 3/,
    );
    assert.throws(
      () => initPhi({ ...config, rope_parameters: { rope_type: 'default', rope_theta: 1e4, partial_rotary_factor: 0.4 } }, key(1)),
      /even number/,
    );
  }),
);
