import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, scope, type Tree } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import {
  type AskedModel,
  answerAsWritten,
  answerAttention,
  answerLikelihoods,
  askedCheXagent,
  askedCxrLlava,
  bareIds,
  cheXagentConfigOf,
  decodingOf,
  embedWithImages,
  IMAGE_TOKEN,
  imageStates,
  initCheXagent,
  initCxrLlava,
  promptTokens,
  writeAnswers,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { causalScores } from '#decoders/internal';
import { noLeaks } from '../../support';
import { tinyConfig } from '../cxr-llava/tiny';
import { SIZE, TEXTS, tinyCheXagent } from './tiny';

const AREA = SIZE * SIZE;

/** A network of random weights that is shown two images, and three images of noise. */
async function untrained(): Promise<{ model: AskedModel; pixels: Float32Array }> {
  const recipe = await tinyCheXagent();
  const tokenizer = trainBpe(TEXTS, { vocabularySize: 530, maxLength: 64 });
  const wide = { initializer_range: 0.5 };
  const parts = { vision: { ...recipe.vision, ...wide }, qformer: { ...recipe.qformer, ...wide } };
  const config = cheXagentConfigOf({ ...recipe, ...parts }, tokenizer.vocabularySize);
  const network = askedCheXagent(config, recipe.preprocessing, tokenizer);
  const pixels = Float32Array.from({ length: 3 * AREA }, (_, i) => 0.5 + 0.5 * Math.sin(0.01 * i * i));
  return { model: { network, params: initCheXagent(config, key(6)) as Tree, tokenizer }, pixels };
}

test(
  'answers to questions of several lengths and numbers of images are those to each alone, and what is written token by token',
  noLeaks(async () => {
    const { model, pixels } = await untrained();
    const states = await imageStates(model, rowsOf(pixels, AREA));
    const questions = [
      { images: [0], question: 'Is the heart large?' },
      { images: [2, 1], question: 'Left?' },
      { images: [], question: 'No image at all, and more words than the others have.' },
      { images: [1], question: 'Is the heart large?' },
    ];
    const options = { maxTokens: 5 };
    const together = await writeAnswers(model, questions, states, options);
    for (const [i, question] of questions.entries()) {
      assert.deepEqual(await writeAnswers(model, [question], states, options), [together[i]]);
      const images = question.images.map((row) => pixels.slice(row * AREA, (row + 1) * AREA));
      let last = '';
      for await (const text of answerAsWritten(model, {
        images,
        question: question.question,
        maxTokens: 5,
        temperature: 0,
        top_p: 1,
        key: key(1),
      }))
        last = text;
      assert.equal(last, together[i]);
    }
    assert.notEqual(together[0], together[3], 'another image, another answer');
    const drawn = (seed: number) =>
      writeAnswers(model, questions, states, { ...options, ...decodingOf({ temperature: 2, top_p: 0.9 }, key(seed)) });
    assert.deepEqual(await drawn(1), await drawn(1));
    assert.notDeepEqual(await drawn(1), await drawn(2));
    assert.deepEqual(decodingOf({ temperature: 0.001, top_p: 0.8 }, key(1)), { processors: [] });
    dispose(model.params);
  }),
);

test(
  'the likelihood of an answer is the mean over its tokens in one plain pass over question, images and answer',
  noLeaks(async () => {
    const { model, pixels } = await untrained();
    const { network, params, tokenizer } = model;
    const states = await imageStates(model, rowsOf(pixels, AREA));
    const questions = Array.from({ length: 5 }, (_, i) => ({ images: i % 2 === 0 ? [i % 3] : [0, 2], question: TEXTS[i % 3]! }));
    const options = questions.map((_, i) => ['yes', 'no heart at all', 'left'].slice(0, 2 + (i % 2)));
    const got = await answerLikelihoods(model, questions, options, states);
    assert.deepEqual(
      got.map((each) => each.length),
      options.map((each) => each.length),
    );
    questions.forEach(({ images, question }, q) => {
      options[q]!.forEach((option, o) => {
        scope(() => {
          const prompt = promptTokens(model, question, images.length);
          const answer = bareIds(tokenizer, option);
          const all = [...prompt, ...answer];
          const ids = tf.tensor2d([all], undefined, 'int32');
          const shown = tf.tensor4d(Float32Array.from(images.flatMap((row) => [...pixels.slice(row * AREA, (row + 1) * AREA)])), [
            images.length,
            SIZE,
            SIZE,
            1,
          ]);
          const { facts, forward } = network.language(params);
          const { logits } = forward(params, {
            ids,
            embeddings: embedWithImages(network, params, ids, network.see(params, shown)),
            positions: tf.tensor2d([all.map((_, i) => i)], undefined, 'int32'),
            scores: causalScores({ mask: [all.map(() => 1)], from: 0, length: all.length, window: facts.window! }),
          });
          const each = (tf.logSoftmax(logits).arraySync() as number[][][])[0]!;
          const wanted = answer.reduce((sum, token, i) => sum + each[prompt.length + i - 1]![token]!, 0) / answer.length;
          assert.ok(Math.abs(got[q]![o]! - wanted) < 1e-4, `${q} ${o}: ${got[q]![o]} and ${wanted}`);
        });
      });
    });
    dispose(params);
  }),
);

test(
  'three images for two places, an image of another size and a question of 10,000 words are refused in words',
  noLeaks(async () => {
    const { model, pixels } = await untrained();
    const asked = {
      images: [0, 1, 2].map((row) => pixels.slice(row * AREA, (row + 1) * AREA)),
      question: 'a',
      maxTokens: 2,
      temperature: 0,
      top_p: 1,
      key: key(1),
    };
    const answer = async (changes: object): Promise<void> => {
      for await (const _ of answerAsWritten(model, { ...asked, ...changes })) void _;
    };
    await assert.rejects(answer({}), /RangeError: chexagent: expected at most 2 images, got 3; ask about fewer at a time/);
    await assert.rejects(answer({ images: [new Float32Array(9)] }), /an image has 9 values; expected 16 × 16/);
    await assert.rejects(answer({ images: [], question: 'heart '.repeat(10_000) }), /tokens long with its images.*positions; shorten it/);
    await assert.rejects(answer({ images: [], question: 'the <image> there' }), /expected <image> 0 times.*got it 1 times/);
    await assert.rejects(imageStates(model, rowsOf(new Float32Array(18), 9)), /expected 16 × 16 pixels, got rows of 9 values/);
    dispose(model.params);
  }),
);

test(
  'maps of an answer are the attention of the states that its tokens follow from, on the image',
  noLeaks(async () => {
    const tokenizer = trainBpe(TEXTS, { vocabularySize: 518, maxLength: 64 });
    const network = askedCxrLlava(tinyConfig);
    const params = initCxrLlava(tinyConfig, key(5)) as Tree;
    const model = { network, params, tokenizer };
    const image = Float32Array.from({ length: 64 }, (_, i) => 0.5 + 0.5 * Math.sin(i * i));
    const asked = { image, question: 'heart', answer: 'clear lungs' };
    const { tokens, side, maps, onImage } = answerAttention(model, asked);
    const words = bareIds(tokenizer, asked.answer);
    assert.deepEqual([tokens.length, side, maps.length], [words.length, 2, 4 * words.length]);
    for (let t = 0; t < words.length; t++) {
      assert.ok(Math.abs(maps.slice(4 * t, 4 * t + 4).reduce((a, b) => a + b) - 1) < 1e-5);
      assert.ok(onImage[t]! > 0 && onImage[t]! < 1);
    }
    // They are means over layers and heads of weights that see nothing behind them and sum up to 1.
    const prompt = promptTokens(model, asked.question, 1);
    const all = [...prompt, ...words];
    scope(() => {
      const ids = tf.tensor2d([all], undefined, 'int32');
      const inputs = {
        ids,
        embeddings: embedWithImages(network, params, ids, network.see(params, tf.tensor4d(image, [1, 8, 8, 1]))),
        positions: tf.tensor2d([all.map((_, i) => i)], undefined, 'int32'),
        scores: causalScores({ mask: [all.map(() => 1)], from: 0, length: all.length }),
      };
      const weights = network.attention(params, inputs).map((layer) => layer.arraySync()[0]!);
      assert.equal(weights.length, 2);
      const first = prompt.indexOf(IMAGE_TOKEN);
      words.forEach((_, t) => {
        const row = prompt.length - 1 + t;
        const wanted = Array.from(
          { length: 4 },
          (_, p) => weights.flatMap((heads) => heads.map((head) => head[row]![first + p]!)).reduce((a, b) => a + b) / 4,
        );
        wanted.forEach((value, p) => void assert.ok(Math.abs(value - maps[4 * t + p]! * onImage[t]!) < 1e-6));
        for (const heads of weights)
          for (const head of heads) {
            assert.ok(Math.abs(head[row]!.reduce((a, b) => a + b) - 1) < 1e-5);
            assert.ok(
              head[row]!.slice(row + 1).every((value) => value === 0),
              'nothing after it is seen',
            );
          }
      });
    });
    assert.throws(() => answerAttention(model, { ...asked, answer: '' }), /expected a text/);
    const { model: agent } = await untrained();
    assert.throws(() => answerAttention(agent, asked), /RangeError: chexagent: what stands for an image has no place in it/);
    dispose(params, agent.params);
  }),
);
