/** How much of its texts a model uses: changed texts, and a model that hears them against one that is deaf. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from 'roentgen-lab/engine';
import { evaluateTextUse, openBench } from 'roentgen-lab/evaluation';
import { disposeModel, type Model, saveModel } from 'roentgen-lab/pipelines';
import { changedTexts, exchangeSides } from '#evaluation/text-use/changes';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { tinyBench } from './tiny-bench';

test('left and right are exchanged as words, in their capitals; other texts have nothing to exchange', () => {
  assert.equal(
    exchangeSides('Left effusion, right-sided tube. RIGHT base brighter than left.'),
    'Right effusion, left-sided tube. LEFT base brighter than right.',
  );
  assert.equal(exchangeSides('No acute process, upright film.'), undefined);
  const changed = changedTexts(['left', 'none', 'none', '']);
  assert.deepEqual(changed['sides exchanged'], ['right', undefined, undefined, undefined]);
  assert.deepEqual(changed["another's text"], ['none', undefined, '', 'left']);
  assert.deepEqual(changed['no text'], ['', '', '', undefined]);
});

/** The tiny model, with what the U-Net takes of the text multiplied: 0 makes it deaf. */
async function saveHearing(folder: string, factor: number): Promise<string> {
  const model = tinyModel();
  const louder: Model = { ...model, unet: { ...model.unet, params: scaleValues(model.unet.params, factor) as Model['unet']['params'] } };
  await saveModel(louder, join(folder, 'model'));
  disposeModel(model);
  return join(folder, 'model');
}

/** Replaces `attn2.to_v.weight` wherever it is. */
function scaleValues(tree: unknown, factor: number, path = ''): unknown {
  if (tree === undefined) return undefined;
  if (tree instanceof tf.Tensor) return path.endsWith('attn2.to_v.weight') ? tf.mul(tree, factor) : tree;
  if (Array.isArray(tree)) return tree.map((each, i) => scaleValues(each, factor, `${path}.${i}`));
  return Object.fromEntries(Object.entries(tree as object).map(([name, value]) => [name, scaleValues(value, factor, `${path}.${name}`)]));
}

test(
  'a model that is deaf to its texts loses nothing, one that hears them loses or gains; levels are those of the schedule',
  noLeaks(async (t) => {
    await startEngine();
    const folder = tempDir(t);
    const bench = await tinyBench(folder);
    const scope = tf.engine().startScope();
    const models = [await saveHearing(join(folder, 'deaf'), 0), await saveHearing(join(folder, 'hearing'), 30)];
    tf.engine().endScope(scope);
    const both = await openBench({ models, data: { data: 'phantom' }, out: join(folder, 'out'), recipe: bench.recipe, quick: true });
    const { rows, findings, figures } = await evaluateTextUse(both);
    const of = (model: string): typeof rows => rows.filter((row) => row.model === model);
    assert.deepEqual([...new Set(of('deaf').map(({ timestep }) => timestep))], [100, 300, 500, 699, 849, 949, 999]);
    assert.deepEqual([...new Set(rows.map(({ change }) => change))], ['sides exchanged', "another's text", 'no text']);
    assert.ok(of('deaf').every(({ rise }) => Math.abs(rise.value) < 1e-4 && Math.abs(rise.high) < 1e-4));
    assert.ok(of('hearing').every(({ rise }) => Math.abs(rise.value) > 1e-4));
    assert.ok(rows.every(({ loss, images }) => loss.value > 0 && loss.low <= loss.high && images > 0 && images <= 16));
    const { snr } = of('deaf')[0]!;
    assert.ok(
      of('deaf').every((row) => row.snr <= snr),
      'noise grows',
    );
    assert.equal(findings!.length, 6);
    assert.deepEqual(
      figures.map(({ name }) => name),
      ['text-use-deaf', 'text-use-hearing'],
    );
  }),
);
