/** Model folders with a config that asks for the impossible: every one is a FileError that names the file and the key, before anything is built. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { initClipText } from 'roentgen-lab/encoders';
import { key } from 'roentgen-lab/engine';
import { FileError } from 'roentgen-lab/files';
import { disposeModel, loadModel, type Model, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { initUNet } from 'roentgen-lab/unet';
import { initVae } from '#vae/internal';
import { noLeaks, tempDir } from '../support';
import { effusion, tinyModel } from './tiny-model';

const unet = 'unet/config.json';
const vae = 'vae/config.json';
const text = 'text_encoder/config.json';
const scheduler = 'scheduler/scheduler_config.json';
const tokenizer = 'tokenizer/tokenizer_config.json';
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n';

/** Changes of a config, or a file's whole content. */
type Change = Readonly<Record<string, unknown>> | string;

const cases: readonly (readonly [file: string, change: Change, what: RegExp])[] = [
  // Counts from which lists would be made.
  [unet, { layers_per_block: 1e8 }, /layers_per_block: expected a whole number from 1 to 1000, .*got 100000000/],
  [unet, { transformer_layers_per_block: [1e9, 1] }, /transformer_layers_per_block: expected a whole number from 1 to 1000/],
  [unet, { layers_per_block: 900, transformer_layers_per_block: 900 }, /ask for \d+ blocks, expected at most 10000/],
  [unet, { sample_size: 1e9 }, /sample_size: expected null, or a whole number from 1 to 16384, got 1000000000/],
  [unet, { block_out_channels: new Array(100_000).fill(8) }, /block_out_channels: expected a list of 1 to 16, not of 100000, got /],
  [unet, { num_class_embeds: 1e12 }, /num_class_embeds: expected null, or a whole number from 1 to 2147483647/],
  [vae, { layers_per_block: 1e9 }, /layers_per_block: expected a whole number from 1 to 1000/],
  [vae, { sample_size: 1e9 }, /sample_size: expected a whole number from 1 to 131072/],
  [text, { num_hidden_layers: 1e9 }, /num_hidden_layers: expected a whole number from 1 to 1000, got 1000000000/],
  [text, { vocab_size: 1e15 }, /vocab_size: expected a whole number from 1 to 2147483647/],
  [scheduler, { num_train_timesteps: 1e9 }, /num_train_timesteps: expected a whole number from 1 to 1000000, got 1000000000/],
  [scheduler, { trained_betas: new Array(5000).fill(0.1) }, /trained_betas: expected num_train_timesteps = 1000 values, got 5000/],
  // Numbers that are none.
  [unet, { attention_head_dim: 0 }, /attention_head_dim: expected a whole number from 1.*, got 0/],
  [unet, { attention_head_dim: 100 }, /attention_head_dim: expected at most 8 heads in level 0, got 100/],
  [unet, { in_channels: 4.5 }, /in_channels: expected a whole number from 1, got 4.5/],
  [unet, { block_out_channels: 8 }, /block_out_channels: expected a list, each a whole number from 1, got 8/],
  [unet, { block_out_channels: ['8', '16'] }, /block_out_channels: expected a list, each a whole number from 1, got \["8","16"\]/],
  [unet, { down_block_types: null }, /down_block_types: expected a list/],
  [unet, { norm_eps: '1e-5' }, /norm_eps: expected a number from 0, got "1e-5"/],
  [unet, '{"norm_eps": NaN}', /norm_eps: expected a number from 0, got NaN/],
  [unet, { freq_shift: 4 }, /freq_shift: expected another value/],
  [unet, { brand_new: 3 }, /brand_new is unknown \(the result may depend on its value, 3/],
  [unet, { time_cond_proj_dim: 256 }, /time_cond_proj_dim: expected null or false, got 256/],
  [vae, { scaling_factor: 0 }, /scaling_factor: expected another number than 0/],
  [vae, { scaling_factor: '0.18' }, /scaling_factor: expected a number, got "0.18"/],
  [vae, '{"scaling_factor": Infinity}', /scaling_factor: expected a number, got Infinity/],
  [vae, { latents_mean: [0, 0, 0, 0] }, /latents_mean/],
  [text, { hidden_size: -16 }, /hidden_size: expected a whole number from 1, got -16/],
  [text, { num_attention_heads: 3 }, /not a multiple of num_attention_heads/],
  [text, { layer_norm_eps: 'tiny' }, /layer_norm_eps: expected a number from 0, got "tiny"/],
  [text, { architectures: 7 }, /architectures: expected a list, got 7/],
  [text, { hidden_act: 'mish' }, /hidden_act: expected "quick_gelu" or "gelu"/],
  [text, { model_type: 'gpt2' }, /its model_type is "gpt2"/],
  [scheduler, { _class_name: 'LCMScheduler' }, /LCMScheduler is not supported; choose one of .*ddim/],
  [scheduler, { beta_start: 'low' }, /beta_start: expected a number, got "low"/],
  [scheduler, { steps_offset: -1 }, /steps_offset: expected a whole number from 0/],
  [tokenizer, { model_max_length: '24' }, /model_max_length: expected a number, got "24"/],
  [tokenizer, { model_max_length: -3 }, /the length -3: expected an integer above 2/],
  ['tokenizer/tokenizer.json', { added_tokens: [{ id: 'x' }] }, /added_tokens are not a list of tokens/],
  ['tokenizer/tokenizer.json', { model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }, /its vocabulary has entries/],
  ['tokenizer/tokenizer.json', { pre_tokenizer: { type: 'Nope' } }, /description cannot be used/],
  // Other things in a file's place.
  ...[unet, vae, text, scheduler, tokenizer, 'tokenizer/tokenizer.json', 'model_index.json'].flatMap((file) => [
    [file, pointer, /git-lfs pointer/] as const,
    [file, '[]', /is not a JSON object/] as const,
    [file, '', /is not valid JSON: it is empty/] as const,
    [file, '<!DOCTYPE html><html></html>', /HTML page/] as const,
  ]),
  ['unet/diffusion_pytorch_model.safetensors', pointer, /git-lfs pointer/],
  ['text_encoder/model.safetensors', 'Entry not found', /server's error message/],
  ['model_index.json', { unet: 5 }, /component unet: expected \[library, class\], got 5/],
  ['model_index.json', { vae: ['diffusers', 'AutoencoderTiny'] }, /vae: expected AutoencoderKL, got AutoencoderTiny/],
];

test(
  'what a config can get wrong is a FileError that names file and key, before anything is built',
  { timeout: 120_000 },
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel();
    await saveModel(m, folder);
    disposeModel(m);
    for (const [file, change, what] of cases) {
      const path = join(folder, file);
      const before = readFileSync(path);
      writeFileSync(path, typeof change === 'string' ? change : JSON.stringify({ ...JSON.parse(before.toString()), ...change }));
      const started = performance.now();
      const error = await loadModel(folder).then(
        () => assert.fail(`opened in spite of ${what}`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof FileError, `${what}: ${error}`);
      assert.match(error.message, what);
      assert.ok(path.startsWith(error.path), `${what}: names ${error.path}`);
      assert.ok(performance.now() - started < 5000, `${what} took ${performance.now() - started} ms`);
      writeFileSync(path, before);
    }
  }),
);

const small = {
  unet: { down_block_types: ['CrossAttnDownBlock2D'], up_block_types: ['CrossAttnUpBlock2D'], block_out_channels: [2 ** 22] } as const,
  vae: { block_out_channels: [2 ** 22] },
  text: { hidden_size: 2 ** 20, num_attention_heads: 1 },
};

test(
  'networks beyond the memory of the machine are refused by their number of parameters',
  noLeaks(() => {
    const what = /asks for [\d.e+]+ parameters, [\d.e+]+ GiB; there are [\d.]+ GiB of memory here/;
    assert.throws(() => initUNet(small.unet, key(1)), what);
    assert.throws(() => initVae(small.vae, key(1)), what);
    assert.throws(() => initClipText(small.text, key(1)), what);
  }),
);

const edit = (file: string, change: object): void =>
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));

/** The first picture of a folder's model, sampled as it is set up, or by another method. */
async function draw(model: Model, method?: string): Promise<Float32Array> {
  const [picture] = await textToImage(model, { prompts: [effusion], steps: 4, ...(method ? { scheduler: method } : {}) });
  return picture!.pixels;
}

test(
  'a folder whose own scheduler is not offered is loaded with another method, and draws the same as one set up with it',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel();
    await saveModel(m, folder);
    const config = join(folder, scheduler);
    for (const className of ['LCMScheduler', 'DDPMParallelScheduler', 'TCDScheduler', 'MadeUpScheduler']) {
      edit(config, { _class_name: className, num_inference_steps: 'of no concern' });
      await assert.rejects(loadModel(folder), new RegExp(`${className} is not supported`));
      const loaded = await loadModel(folder, { scheduler: 'ddim' });
      assert.equal(loaded.schedulerConfig._class_name, 'DDIMScheduler');
      assert.equal(loaded.schedulerConfig.beta_end, 0.012);
      assert.deepEqual(await draw(loaded), await draw(m, 'ddim'));
      await saveModel(loaded, join(folder, '..', 'kept'));
      disposeModel(loaded);
    }
    disposeModel(await loadModel(join(folder, '..', 'kept')));
    await assert.rejects(
      loadModel(folder, { scheduler: 'ddjm' }),
      (error: Error) => error instanceof RangeError && /ddjm/.test(error.message),
    );
    writeFileSync(config, '{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3}');
    await assert.rejects(loadModel(folder, { scheduler: 'ddim' }), /scheduler_config\.json: FlowMatchEuler.* gives no betas/);
    disposeModel(m);
  }),
);

test(
  'what no picture needs is passed over, however odd it is',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'model');
    const m = tinyModel();
    await saveModel(m, folder);
    edit(join(folder, 'model_index.json'), {
      safety_checker: [null, 'X'],
      feature_extractor: [1, 2, 3],
      image_encoder: 'none',
      watermarker: ['somewhere', 'Watermarker'],
    });
    edit(join(folder, tokenizer), { model_max_length: 1e30, chat_template: 5 });
    writeFileSync(join(folder, 'README.md'), Buffer.from([0xff, 0xfe, 0x00]));
    cpSync(join(folder, 'vae'), join(folder, 'safety_checker'), { recursive: true });
    writeFileSync(join(folder, 'safety_checker', 'config.json'), '[');
    const loaded = await loadModel(folder);
    assert.equal(loaded.tokenizer!.maxLength, 24, "as many tokens as the encoder reads, where the tokenizer's folder gives no limit");
    disposeModel(loaded);
    disposeModel(m);
  }),
);

test(
  'a checkpoint is known by its content, not by its name',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const m = tinyModel();
    await saveModel(m, folder);
    disposeModel(m);
    const weights = join(folder, 'unet', 'diffusion_pytorch_model.safetensors');
    renameSync(weights, join(folder, 'unet.ckpt'));
    // A part of a model rather than a whole one, but opened and understood.
    await assert.rejects(loadModel(join(folder, 'unet.ckpt')), /unet\.ckpt: holds no whole model/);
    rmSync(join(folder, 'unet.ckpt'));
  }),
);
