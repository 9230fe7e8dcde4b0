import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type AttentionMaps, attentionMaps, disposeModel, textToImage } from 'roentgen-lab/pipelines';
import { noLeaks } from '../support';
import { tinyModel } from './tiny-model';

test(
  'a step of the sampling gives one map a token, which together sum to at most 1 at every place',
  noLeaks(async () => {
    const model = tinyModel();
    const prompt = 'left pleural effusion';
    const seen: AttentionMaps[] = [];
    const inputs: number[][] = [];
    const images = await textToImage(model, {
      prompts: [prompt],
      steps: 3,
      scheduler: 'euler',
      onStep: async ({ step, input, timestep }) => {
        inputs.push(input.shape);
        if (step === 2) seen.push(await attentionMaps(model, { prompt, input, timestep }));
      },
    });
    const [maps] = seen;
    assert.deepEqual(
      inputs,
      [1, 2, 3].map(() => [1, 8, 8, 4]),
    );
    assert.equal(maps!.tokens.length, model.tokenizer!.ids(prompt).length);
    assert.deepEqual(maps!.tokens, model.tokenizer!.tokens(prompt));
    assert.equal(maps!.maps.length, maps!.tokens.length);
    for (let place = 0; place < 64; place++) {
      const sum = maps!.maps.reduce((total, map) => total + map[place]!, 0);
      assert.ok(sum > 0 && sum < 1 + 1e-5, `place ${place}: ${sum}`);
    }
    const { words, sizes } = maps!;
    assert.equal(words.map(({ word }) => word).join(''), prompt.replaceAll(' ', ''), 'start, end and marks are left out');
    for (let place = 0; place < 64; place++) {
      const sum = words.reduce((total, { values }) => total + values[place]!, 0);
      assert.ok(Math.abs(sum) < 1e-5, `place ${place}: the words differ from their mean by ${sum} together`);
    }
    assert.ok(sizes.length > 0 && sizes.every(({ width, height }) => width <= 8 && height <= 8));
    assert.equal(images.length, 1);
    const wrong = tf.zeros<tf.Rank.R4>([2, 8, 8, 4]);
    await assert.rejects(attentionMaps(model, { prompt, input: wrong, timestep: 5 }), /attentionMaps: input: expected \[1, H, W, 4\]/);
    wrong.dispose();
    disposeModel(model);
  }),
);
