/** Where instructions want to change images, edits within it, and one patient through several instructions, on a tiny model of random weights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { disposeModel, editImage, editRegions, editTrajectory, type InputImage, reconstruct, regionMask } from 'roentgen-lab/pipelines';
import { noLeaks } from '../support';
import { differ, effusion, tinyModel } from './tiny-model';

const SIZE = 16;
const image: InputImage = {
  pixels: Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i * 7) % 32) / 32),
  width: SIZE,
  height: SIZE,
  channels: 1,
};

test(
  'a region is where predictions differ: of the images’ size, the same for the same seed, nowhere for no text',
  noLeaks(async () => {
    await startEngine();
    const model = tinyModel({ inChannels: 8 });
    const [one, none] = await editRegions(model, { prompts: [effusion, ''], images: [image], seed: 3 });
    assert.deepEqual([one!.width, one!.height, one!.values.length], [SIZE, SIZE, SIZE * SIZE]);
    assert.ok(one!.values.some((value) => value > 0) && one!.values.every((value) => value >= 0));
    assert.equal(one!.values[0], one!.values[SIZE + 1], 'one latent’s pixels have one value');
    assert.ok(none!.values.every((value) => value === 0));
    const [again] = await editRegions(model, { prompts: [effusion], images: [image], seed: 3 });
    assert.deepEqual(again!.values, one!.values);
    // ε does not depend on what the network was trained to predict but for its slope.
    const velocity = { ...model, schedulerConfig: { ...model.schedulerConfig, prediction_type: 'v_prediction' as const } };
    const [other] = await editRegions(velocity, { prompts: [effusion], images: [image], seed: 3 });
    const slope = other!.values[0]! / one!.values[0]!;
    assert.ok(slope > 0 && slope < 1);
    for (const [i, value] of other!.values.entries()) assert.ok(Math.abs(value - slope * one!.values[i]!) < 1e-5);
    disposeModel(model);
  }),
);

test('a mask is where a map is at least a fraction of its largest value', () => {
  const map = { values: Float32Array.from([0, 1, 2, 4]), width: 2, height: 2 };
  assert.deepEqual(Array.from(regionMask(map, 0.5).pixels), [0, 0, 1, 1]);
  assert.throws(() => regionMask(map, 0), /fraction: expected a number above 0/);
  assert.throws(() => regionMask({ ...map, values: new Float32Array(4) }, 0.5), /changes nothing anywhere/);
});

test(
  'outside the mask an edit is the autoencoder’s reconstruction; inside it is not',
  noLeaks(async () => {
    await startEngine();
    const model = tinyModel({ inChannels: 8 });
    const request = { prompts: [effusion], images: [image], steps: 3, guidance: 3 };
    const mask = (value: number): InputImage => ({ ...image, pixels: new Float32Array(SIZE * SIZE).fill(value) });
    const [kept] = await editImage(model, { ...request, masks: [mask(0)] });
    const [free] = await editImage(model, request);
    const [all] = await editImage(model, { ...request, masks: [mask(1)] });
    const clean = reconstruct(model, image.pixels, SIZE);
    assert.ok(differ(kept!, { ...kept!, pixels: clean }) < 1e-4);
    assert.ok(differ(all!, free!) < 1e-4);
    assert.ok(differ(free!, kept!) > 1e-3);
    await assert.rejects(
      editImage(model, { ...request, masks: [{ ...mask(1), width: 8 }] }),
      /masks: expected 16 x 16, as the pictures, got 8 x 16/,
    );
    disposeModel(model);
  }),
);

test(
  'each stage of a trajectory is the edit of the one before',
  noLeaks(async () => {
    await startEngine();
    const model = tinyModel({ inChannels: 8 });
    const request = { steps: 2, guidance: 3, seed: 4 };
    const seen: number[][] = [];
    const stages = await editTrajectory(model, {
      ...request,
      prompts: [effusion, 'no acute process'],
      image,
      onStep: ({ step, total }) => void seen.push([step, total]),
    });
    const [first] = await editImage(model, { ...request, prompts: [effusion], images: [image] });
    const [second] = await editImage(model, { ...request, prompts: ['no acute process'], images: [first!] });
    assert.deepEqual(stages[0]!.pixels, first!.pixels);
    assert.deepEqual(stages[1]!.pixels, second!.pixels);
    const calls = seen.length;
    assert.deepEqual(seen.at(-1), [calls, calls]);
    assert.deepEqual(
      stages.map(({ made }) => made.stage),
      [1, 2],
    );
    disposeModel(model);
  }),
);

test(
  'what cannot be worked with is refused',
  noLeaks(async () => {
    await startEngine();
    const [model, plain] = [tinyModel({ inChannels: 8 }), tinyModel()];
    const of = { prompts: [effusion], images: [image] };
    await assert.rejects(editRegions(plain, of), /takes 4 channels; expected 8/);
    await assert.rejects(editRegions(model, { ...of, noiseLevel: 1 }), /noiseLevel/);
    await assert.rejects(editRegions(model, { ...of, draws: 0 }), /draws/);
    await assert.rejects(editRegions(model, { ...of, prompts: [] }), /at least one/);
    for (const each of [model, plain]) disposeModel(each);
  }),
);
