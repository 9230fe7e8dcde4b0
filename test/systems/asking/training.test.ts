import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, scope, type Tree } from 'roentgen-lab/engine';
import { writeJson } from 'roentgen-lab/files';
import {
  answerAsWritten,
  answersLoss,
  askedCxrLlava,
  bareIds,
  cheXagentParts,
  dialogueBatch,
  embedWithImages,
  fitCheXagent,
  fitLlava,
  fitVision,
  imageStates,
  initCxrLlava,
  instructSource,
  isFinished,
  llavaParts,
  llavaVision,
  llavaVisionOf,
  loadCheXagent,
  loadCxrLlava,
  loadLlavaRecipe,
  openAsked,
  promptTokens,
  readLabels,
  saveCheXagent,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import type { Watched } from 'roentgen-lab/training';
import type { ImageEncoderConfig } from 'roentgen-lab/vision';
import { causalScores } from '#decoders/internal';
import { noLeaks, tempDir } from '../../support';
import { tinyConfig } from '../cxr-llava/tiny';
import { SIZE, TEXTS, tinyCheXagent, tinyFirstLlava, tinyLlava, tinyRadiographs } from './tiny';

const bytesOf = (params: Tree): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flatten(params)).map(([path, leaf]) => [
      path,
      Buffer.from((leaf.dataSync() as Float32Array).slice().buffer).toString('base64'),
    ]),
  );

/** Parameters of two trees that differ, by the first word of their paths. */
const changed = (a: Tree, b: Tree): string[] => {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  return [...new Set(Object.keys(one).flatMap((path) => (one[path] === other[path] ? [] : [path.split('.')[0]!])))].sort();
};

/** Checkpoints of each stage, and a stop at a step of one. */
function watching<S extends string>(out: string, stopAt: string) {
  const stop = new AbortController();
  const watch = (stage: S): Omit<Watched, 'signal'> => ({
    checkpoints: { folder: join(out, stage, 'checkpoints'), identity: 'one', resume: 'always', every: 2 },
    onStep: ({ step }) => {
      if (stopAt === `${stage} ${step}`) stop.abort();
    },
  });
  return { signal: stop.signal, watch };
}

test(
  "CXR-LLaVA's stages, each stopped and called again, end with the same bytes; a stage changes what is its own",
  noLeaks(async (t) => {
    const [recipe, data, folder] = [await tinyLlava(), await tinyRadiographs(), tempDir(t)];
    const options = { recipe, data, texts: TEXTS, key: key(3) };
    const whole = await fitLlava(options, llavaParts(join(folder, 'whole')));
    const out = join(folder, 'partly');
    const parts = llavaParts(out);
    const fit = (stopAt: string) => fitLlava({ ...options, ...watching(out, stopAt) }, parts);
    for (const stopAt of ['vision 3', 'language 1', 'projector 3', 'dialogues 3'])
      await assert.rejects(fit(stopAt), { name: 'AbortError' }, stopAt);
    assert.ok(isFinished(parts.projector) && !isFinished(parts.dialogues));
    const again = await fit('');
    assert.deepEqual(bytesOf(again.params as Tree), bytesOf(whole.params as Tree));
    const loaded = await loadCxrLlava(parts.dialogues);
    assert.deepEqual(bytesOf(loaded.params as Tree), bytesOf(whole.params as Tree));

    // One more run whose last stage learns with another rate takes the others' folders: encoder and rest are the same before it.
    const { dialogues } = recipe.stages;
    const still = {
      ...recipe,
      stages: { ...recipe.stages, dialogues: { ...dialogues, learning_rate: { ...dialogues.learning_rate, peak: 0 } } },
    };
    const before = await fitLlava({ ...options, recipe: still }, { ...parts, dialogues: join(folder, 'still') });
    assert.deepEqual(changed(before.params as Tree, whole.params as Tree), ['llama', 'lm_head', 'mm_projector']);

    const encoder = await fitVision(options, parts.vision);
    const network = llavaVisionOf(recipe);
    const read = await readLabels(network, encoder, data.pixels);
    assert.deepEqual(Object.keys(read).sort(), Object.keys(data.records[0]!.labels).sort());
    assert.ok(Object.values(read).every((of) => of.length === 12 && of.every((p) => p > 0 && p < 1)));
    dispose(...[whole, again, loaded, before].map(({ params }) => params as Tree), encoder.params as Tree);
  }),
);

test(
  "CXR-LLaVA's first version: a ResNet learns labels, then to find them as texts; stopped and called again the same bytes, and its folder is asked",
  noLeaks(async (t) => {
    const [recipe, data, folder] = [await tinyFirstLlava(), await tinyRadiographs(), tempDir(t)];
    const options = { recipe, data, texts: TEXTS, key: key(3) };
    const whole = await fitLlava(options, llavaParts(join(folder, 'whole')));
    const out = join(folder, 'partly');
    const parts = llavaParts(out);
    const fit = (stopAt: string) => fitLlava({ ...options, ...watching(out, stopAt) }, parts);
    for (const stopAt of ['vision 3', 'alignment 3', 'dialogues 3']) await assert.rejects(fit(stopAt), { name: 'AbortError' }, stopAt);
    const again = await fit('');
    assert.deepEqual(bytesOf(again.params as Tree), bytesOf(whole.params as Tree));
    const { params } = await fitVision(options, parts.vision);
    const moved = Object.keys(flatten(params.encoder)).filter(
      (path) => bytesOf(params.encoder)[path] !== bytesOf(whole.params.vision_tower as Tree)[path],
    );
    assert.ok(moved.includes('conv1.weight') && moved.includes('bn1.running_mean'), 'what texts have taught, statistics too');
    const asked = await openAsked(parts.dialogues);
    assert.deepEqual([asked.network.size, asked.network.places, asked.network.grid, asked.network.states.channels], [SIZE, 4, 2, 16]);
    let answer = '';
    const image = new Float32Array(SIZE * SIZE).fill(0.3);
    for await (const text of answerAsWritten(asked, {
      images: [image],
      question: 'Is there edema?',
      temperature: 0,
      top_p: 1,
      maxTokens: 4,
      key: key(1),
    }))
      answer = text;
    assert.equal(typeof answer, 'string');
    dispose(...[whole, again].map((model) => model.params as Tree), params as Tree, asked.params);
  }),
);

test('which stages a recipe has follows from what its encoder learns, and its encoder is of one form', async (t) => {
  const first = await loadLlavaRecipe('first-version');
  assert.equal(llavaVisionOf(first).grid, 4);
  const { alignment: _, ...others } = first.stages;
  const file = join(tempDir(t), 'no-alignment.json');
  await writeJson(file, { ...first, stages: others });
  await assert.rejects(loadLlavaRecipe(file), /FileError: .*stages\.alignment belongs to learns "labels and their texts"/);
  assert.throws(
    () =>
      llavaVision({ clip_vision_cfg: {}, resnet_cfg: first.vision as ImageEncoderConfig, image_preprocess_cfg: { mean: 0.5, std: 0.25 } }),
    /expected clip_vision_cfg or resnet_cfg, and not both/,
  );
});

test(
  "CheXagent's four stages, stopped and called again, end with the same bytes; what is left out stays random; its folder is written and read again",
  noLeaks(async (t) => {
    const [recipe, radiographs, folder] = [await tinyCheXagent(), await tinyRadiographs(), tempDir(t)];
    const options = { recipe, source: instructSource(radiographs), pixels: radiographs.pixels, texts: TEXTS, key: key(4) };
    const whole = await fitCheXagent(options, cheXagentParts(join(folder, 'whole')));
    const out = join(folder, 'partly');
    const parts = cheXagentParts(out);
    const fit = (stopAt: string) => fitCheXagent({ ...options, ...watching(out, stopAt) }, parts);
    for (const stopAt of ['language 3', 'vision 3', 'bridge 1', 'instructions 3'])
      await assert.rejects(fit(stopAt), { name: 'AbortError' }, stopAt);
    const again = await fit('');
    assert.deepEqual(bytesOf(again.params as Tree), bytesOf(whole.params as Tree));
    const copy = join(folder, 'copy');
    await saveCheXagent(copy, whole);
    const loaded = await loadCheXagent(copy);
    assert.deepEqual(bytesOf(loaded.params as Tree), bytesOf(whole.params as Tree));
    assert.deepEqual(loaded.preprocessing, recipe.preprocessing);
    const asked = await openAsked(copy);
    assert.deepEqual([asked.network.images, asked.network.places, asked.network.states.count], [2, 2, 5]);

    const without = await fitCheXagent(
      { ...options, recipe: { ...recipe, without: ['vision', 'bridge'] } },
      { ...parts, instructions: join(folder, 'less') },
    );
    assert.ok(changed(without.params as Tree, whole.params as Tree).includes('vision_model'), 'an encoder that learns nothing is another');
    dispose(...[whole, again, loaded, without].map(({ params }) => params as Tree), asked.params);
    await assert.rejects(openAsked(folder), /FileError/);
  }),
);

test(
  'the loss is the mean cross-entropy of answers alone, each token given the image and all before it; a second image is another',
  noLeaks(async () => {
    const tokenizer = trainBpe(TEXTS, { vocabularySize: 518, maxLength: 64 });
    const network = askedCxrLlava(tinyConfig);
    const params = initCxrLlava(tinyConfig, key(5)) as Tree;
    const pixels = Float32Array.from({ length: 2 * 64 }, (_, i) => 0.5 + 0.5 * Math.sin(i * i));
    const rows = {
      length: 2,
      width: 64,
      identity: 'asking-test',
      read: async (chosen: ArrayLike<number>) =>
        Float32Array.from(Array.from(chosen).flatMap((row) => [...pixels.slice(64 * row, 64 * row + 64)])),
    };
    const states = await imageStates({ network, params }, rows);
    const question = promptTokens({ network, tokenizer }, 'heart', 1);
    const dialogues = ['large', 'clear lungs'].map((answer, i) => ({ images: [i], prompt: question, answer: bareIds(tokenizer, answer) }));
    const length = question.length + 12;
    const batch = await dialogueBatch(network, dialogues, { length, padding: tokenizer.padId }, states);
    const loss = answersLoss(network, params, batch);
    let [sum, count] = [0, 0];
    for (const { images, prompt, answer } of dialogues)
      scope(() => {
        const all = [...prompt, ...answer];
        const ids = tf.tensor2d([all], undefined, 'int32');
        const shown = network.see(params, tf.tensor4d(pixels.slice(64 * images[0]!, 64 * images[0]! + 64), [1, 8, 8, 1]));
        const { logits } = network.language(params).forward(params, {
          ids,
          embeddings: embedWithImages(network, params, ids, shown),
          positions: tf.tensor2d([all.map((_, i) => i)], undefined, 'int32'),
          scores: causalScores({ mask: [all.map(() => 1)], from: 0, length: all.length }),
        });
        const of = (tf.logSoftmax(logits).arraySync() as number[][][])[0]!;
        answer.forEach((token, i) => {
          sum -= of[prompt.length + i - 1]![token]!;
          count++;
        });
      });
    assert.ok(Math.abs(loss.dataSync()[0]! - sum / count) < 1e-5, `${loss.dataSync()[0]} and ${sum / count}`);
    dispose(params, batch, { loss });
  }),
);
