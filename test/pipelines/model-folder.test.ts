import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { disposeModel, loadModel, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { noLeaks, tempDir } from '../support';
import { effusion, tinyModel } from './tiny-model';

test(
  'a saved folder makes the same pictures',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel({ channels: 3 });
    const request = { prompts: [effusion], steps: 2, seed: 5 };
    const [made] = await textToImage(m, request);
    assert.equal(made!.channels, 3);
    await saveModel(m, folder);
    const loaded = await loadModel(folder);
    const [again] = await textToImage(loaded, request);
    assert.deepEqual(again!.pixels, made!.pixels);
    assert.equal(loaded.folder, folder);
    const index = JSON.parse(readFileSync(join(folder, 'model_index.json'), 'utf8'));
    assert.deepEqual(index.unet, ['diffusers', 'UNet2DConditionModel']);
    assert.deepEqual(index.scheduler, ['diffusers', 'PNDMScheduler']);
    disposeModel(m);
    disposeModel(loaded);
  }),
);

test(
  'a folder that is not whole is refused with the file that is wrong',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    await assert.rejects(loadModel(folder), /model: is not there/);
    mkdirSync(folder);
    await assert.rejects(loadModel(folder), /it has no model_index\.json/);
    const m = tinyModel();
    await saveModel(m, folder);
    disposeModel(m);
    const unet = join(folder, 'unet', 'config.json');
    const config = readFileSync(unet, 'utf8');
    writeFileSync(unet, JSON.stringify({ ...JSON.parse(config), in_channels: 9 }));
    await assert.rejects(loadModel(folder), /unet.diffusion_pytorch_model\.safetensors: [\s\S]*conv_in\.weight: expected/);
    writeFileSync(unet, JSON.stringify({ ...JSON.parse(config), cross_attention_dim: 20 }));
    await assert.rejects(loadModel(folder), /model: the text encoder is 16 wide, but the U-Net's cross_attention_dim is 20/);
    writeFileSync(unet, config);
    const text = join(folder, 'text_encoder', 'config.json');
    const encoder = readFileSync(text, 'utf8');
    writeFileSync(text, JSON.stringify({ ...JSON.parse(encoder), intermediate_size: 33 }));
    await assert.rejects(loadModel(folder), /mlp\.fc1\.weight/);
    writeFileSync(text, JSON.stringify({ ...JSON.parse(encoder), vocab_size: 3 }));
    await assert.rejects(loadModel(folder), /the tokenizer has \d+ ids, but the text encoder only 3/);
    writeFileSync(text, encoder);
    rmSync(join(folder, 'vae', 'diffusion_pytorch_model.safetensors'));
    await assert.rejects(loadModel(folder), /vae: has no diffusion_pytorch_model\.safetensors/);
    rmSync(join(folder, 'scheduler'), { recursive: true });
    await assert.rejects(loadModel(folder), /component scheduler has no folder/);
  }),
);
