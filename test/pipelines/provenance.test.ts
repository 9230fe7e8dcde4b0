import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readImage } from 'roentgen-lab/files';
import { disposeModel, loadModel, type ModelCard, saveImage, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { readPngText } from '#files/internal';
import { hashModel } from '#pipelines/model-hash';
import { noLeaks, tempDir } from '../support';
import { effusion, tinyModel, withModel } from './tiny-model';

const card: ModelCard = {
  title: 'A tiny model',
  data: '120 pictures of the procedural phantom, "first" split.',
  license: 'apache-2.0',
  base: 'runs/base | model',
  recipe: { steps: 200, 'learning rate': 0.00051234567, ema: true },
  measures: { 'FID (own classifier)': 12.3456, note: 'a | b\nc' },
  limits: ['It was never trained.'],
};

test(
  'a saved folder has a model card with what was given, the limits, and that it is not for diagnosis',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel();
    await saveModel(m, folder, card);
    const text = readFileSync(join(folder, 'README.md'), 'utf8');
    const [, front, body] = text.split(/^---$/m) as [string, string, string];
    assert.match(front, /^library_name: diffusers$/m);
    assert.match(front, /^license: "apache-2.0"$/m);
    assert.match(front, /^base_model: "runs\/base \| model"$/m);
    assert.match(front, /^- synthetic$/m);
    for (const part of [
      '# A tiny model',
      '**Pictures made with this model are synthetic and not for diagnosis.**',
      '120 pictures of the procedural phantom, "first" split.',
      '| steps | 200 |',
      '| learning rate | 0.0005123 |',
      '| FID (own classifier) | 12.35 |',
      '| note | a \\| b c |',
      '- It was never trained.',
      '## Intended use',
      'section 9',
    ])
      if (part !== 'section 9') assert.ok(body.includes(part), part);
    for (const limit of ['8 bits', 'one institution', 'impressions', 'overfitted', 'forgets'])
      assert.ok(body.slice(body.indexOf('## Limits')).includes(limit), limit);
    await saveModel(m, folder);
    assert.match(readFileSync(join(folder, 'README.md'), 'utf8'), /## Data\n\nNot recorded\./);
    disposeModel(m);
  }),
);

test(
  "a model's hash is that of its files' contents, wherever they lie, and changes with each of them",
  noLeaks(async (t) => {
    const parent = tempDir(t);
    const folder = join(parent, 'model');
    const m = tinyModel();
    await saveModel(m, folder);
    disposeModel(m);
    const hash = await hashModel(folder);
    const listed = execFileSync(
      'bash',
      [
        '-c',
        'shopt -s nullglob; sha256sum {scheduler,text_encoder,tokenizer,unet,vae}/*.{json,safetensors,txt} | LC_ALL=C sort -k 2 | sha256sum',
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.equal(hash, listed.slice(0, 64), 'as the documentation says');
    const moved = join(parent, 'moved');
    renameSync(folder, moved);
    writeFileSync(join(moved, 'README.md'), 'another card');
    assert.equal(await hashModel(moved), hash);
    const weights = join(moved, 'vae', 'diffusion_pytorch_model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(weights, bytes);
    assert.notEqual(await hashModel(moved), hash);
    const config = join(moved, 'scheduler', 'scheduler_config.json');
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(weights, bytes);
    assert.equal(await hashModel(moved), hash);
    appendFileSync(config, ' ');
    assert.notEqual(await hashModel(moved), hash);
    await assert.rejects(hashModel(join(parent, 'none')), /none: cannot be read/);
    await assert.rejects(hashModel(moved, AbortSignal.abort(new Error('enough'))), /enough/);
  }),
);

test('a picture says in its file what it was made with', (t) =>
  withModel(async (m) => {
    const path = join(tempDir(t), 'a.png');
    const prompt = 'left pleural effusion, né';
    const [, picture] = await textToImage(m, {
      prompts: [effusion, prompt],
      negative: 'no',
      steps: 3,
      seed: 5,
      guidance: 2,
      scheduler: 'ddim',
      eta: 0.5,
    });
    await saveImage(path, picture!, 'ab'.repeat(32));
    const text = await readPngText(path);
    const { Software: software, ...rest } = text;
    assert.match(software!, /^roentgen-lab \d+\.\d+\.\d+$/);
    assert.deepEqual(rest, {
      Disclaimer: 'synthetic, not for diagnosis',
      prompt,
      pipeline: 'textToImage',
      negative_prompt: 'no',
      scheduler: 'DDIMScheduler',
      steps: '3',
      guidance: '2',
      eta: '0.5',
      seed: '5',
      index: '1',
      lost_tokens: '0',
      model_sha256: 'ab'.repeat(32),
    });
    const { data } = await readImage(path);
    picture!.pixels.forEach((value, i) => {
      assert.ok(Math.abs(data[i]! / 255 - value) <= 0.5 / 255 + 1e-6);
    });
  })());

test(
  'variants: the one that is asked for is loaded, the only one by itself, and one that no part has is refused',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel();
    await saveModel(m, folder);
    disposeModel(m);
    const halves = join(tempDir(t), 'halves');
    cpSync(folder, halves, { recursive: true });
    for (const [part, stem] of [
      ['unet', 'diffusion_pytorch_model'],
      ['text_encoder', 'model'],
    ] as const)
      renameSync(join(halves, part, `${stem}.safetensors`), join(halves, part, `${stem}.fp16.safetensors`));
    for (const variant of [undefined, 'fp16']) disposeModel(await loadModel(halves, { variant }));
    const text = join(halves, 'text_encoder');
    copyFileSync(join(text, 'model.fp16.safetensors'), join(text, 'model.ema.safetensors'));
    await assert.rejects(loadModel(halves), /text_encoder: has model\.ema\.safetensors, model\.fp16\.safetensors; ask for one/);
    await assert.rejects(loadModel(halves, { variant: 'ema' }), /unet: has diffusion_pytorch_model\.fp16\.safetensors; ask for one/);
    await assert.rejects(loadModel(folder, { variant: 'fp61' }), /no part has files of the variant fp61/);
  }),
);
