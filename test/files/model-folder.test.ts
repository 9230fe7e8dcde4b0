import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeJson } from 'roentgen-lab/files';
import { readJson } from '#files/json';
import { readModelIndex, writeModelIndex } from '#files/model-folder';
import { fixtures, tempDir } from '../support';

const components = { unet: ['diffusers', 'UNet2DConditionModel'], vae: ['diffusers', 'AutoencoderKL'] } as const;

test('an index is read as it was written, absent components left out', async (t) => {
  const folder = tempDir(t);
  await writeModelIndex(folder, components, { settings: { requires_safety_checker: true, force_zeros: false } });
  for (const name of Object.keys(components)) mkdirSync(join(folder, name));
  const index = await readModelIndex(folder);
  assert.equal(index.className, 'StableDiffusionPipeline');
  assert.deepEqual(index.components, components);
  assert.deepEqual(index.settings, { requires_safety_checker: true, force_zeros: false });
});

test('what is written has the entries that diffusers writes', async (t) => {
  const reference = fixtures('pipeline', 'tiny_sd');
  if (!reference) return t.skip('the shared fixtures are missing');
  const folder = tempDir(t);
  const read = await readModelIndex(reference);
  assert.deepEqual(Object.keys(read.components).sort(), ['scheduler', 'text_encoder', 'unet', 'vae']);
  await writeModelIndex(folder, read.components);
  const written = await readJson<Record<string, unknown>>(join(folder, 'model_index.json'));
  const want = await readJson<Record<string, unknown>>(join(reference, 'model_index.json'));
  const { _diffusers_version: a, tokenizer: _, ...rest } = want;
  const { _diffusers_version: b, ...got } = written;
  assert.equal(typeof a, typeof b);
  assert.deepEqual(got, rest); // the fixture has no tokenizer
});

test('a safety checker and what it needs are passed over where their folders were not copied', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'unet'));
  mkdirSync(join(folder, 'feature_extractor'));
  const extra = {
    safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
    feature_extractor: ['transformers', 'CLIPImageProcessor'],
  };
  await writeJson(join(folder, 'model_index.json'), {
    _class_name: 'StableDiffusionPipeline',
    unet: components.unet,
    ...extra,
    image_encoder: [null, null],
    requires_safety_checker: true,
  });
  const index = await readModelIndex(folder);
  assert.deepEqual(index.components, { unet: components.unet, feature_extractor: extra.feature_extractor });
});

test('a folder that is incomplete or leads elsewhere is refused', async (t) => {
  const folder = tempDir(t);
  await assert.rejects(readModelIndex(folder), /model_index\.json: cannot be read: there is no such file/);
  const path = join(folder, 'model_index.json');
  const cases: [unknown, RegExp][] = [
    [[], /is not a JSON object/],
    [{ unet: ['diffusers', 'UNet2DConditionModel'] }, /component unet has no folder/],
    [{ '../unet': ['diffusers', 'UNet2DConditionModel'] }, /component "\.\.\/unet": expected the name of a folder/],
    [{ unet: ['diffusers', 3] }, /component unet: expected \[library, class\]/],
    [{ requires_safety_checker: false }, /has no _class_name/],
  ];
  for (const [content, message] of cases) {
    await writeJson(path, content);
    await assert.rejects(readModelIndex(folder), message);
  }
});
