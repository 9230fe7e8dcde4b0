/** Checks pretrained encoders with their own weights, which are not part of the fixtures: tokens, states, sentence vectors, similarities. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadTextEncoder, type TextEncoder } from '../encoders';
import { scope } from '../engine';
import { readSafetensors } from '../files';
import { findPublished, published, readJson } from '../files/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { type Fixture, fixtureTensor, fromRows, has } from './fixture';
import { listCases } from './list';
import { exact, rel } from './measure';

const OUTPUT = 1e-4;

interface Case {
  readonly texts: readonly string[];
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
}

/** Each row divided by its length. */
const normalised = (x: tf.Tensor2D): tf.Tensor2D => tf.div(x, tf.sqrt(tf.sum(tf.square(x), 1, true)));

async function* checkEncoder(encoder: TextEncoder, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  const { tokenizer } = encoder;
  const { ids } = tokenizer.encodeBatch(spec.texts);
  yield exact(`token ids of ${spec.texts.length} texts`, ids, spec.input_ids.flat());
  const { context, mask, pooled } = await encoder.encode(spec.texts);
  try {
    yield* scope(() => {
      const mask = fromRows(spec.attention_mask, 'int32');
      const shown = tf.expandDims(tf.cast(mask, 'float32'), 2); // padding is not compared
      const embedding = normalised(pooled);
      return [
        exact('mask', mask.dataSync(), mask.dataSync()),
        rel(
          'last_hidden_state where the mask is 1',
          tf.mul(context, shown),
          tf.mul(fixtureTensor(fixture, 'last_hidden_state'), shown),
          OUTPUT,
        ),
        rel('embedding', embedding, fixtureTensor(fixture, 'embedding'), OUTPUT),
        rel('similarity', tf.matMul(embedding, embedding, false, true), fixtureTensor(fixture, 'similarity'), OUTPUT),
      ];
    });
  } finally {
    tf.dispose([context, mask, pooled]);
  }
}

export const pretrainedChecker: Checker = {
  component: 'pretrained',

  cases: listCases,

  async *check(folder, name) {
    const model = published.find((one) => one.name === name);
    if (!model || !has(join(folder, name), 'case.json')) throw new Unsupported(`no model of the name ${name} is known`);
    const path = findPublished(model);
    if (!path) throw new Unsupported(`the model is not here; get it with "roentgen models get ${name}"`);
    const spec = await readJson<Case>(join(folder, name, 'case.json'));
    const encoder = await loadTextEncoder(path, { maxLength: spec.input_ids[0]!.length });
    try {
      yield* checkEncoder(encoder, spec, await readSafetensors(join(folder, name, 'fixture.safetensors')));
    } finally {
      encoder.dispose();
    }
  },
};
