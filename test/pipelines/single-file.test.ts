import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClipTextConfig } from 'roentgen-lab/encoders';
import { flatten, type Tree } from 'roentgen-lab/engine';
import { readSafetensors, type TensorData, writeSafetensors } from 'roentgen-lab/files';
import {
  disposeModel,
  loadModel,
  loadSingleFile,
  type Model,
  type SingleFileConfigs,
  saveModel,
  textToImage,
} from 'roentgen-lab/pipelines';
import { saveParameters } from '#files/internal';
import { assertClose, noLeaks, tempDir } from '../support';
import { effusion, tinyModel } from './tiny-model';

type Rule = readonly [RegExp, string | ((...groups: string[]) => string)];

/** From diffusers' names to those of the first implementation, for networks of `levels` levels with one residual block on the way down. */
const rules = (levels: number): Readonly<Record<'unet' | 'vae', readonly Rule[]>> => {
  const n = (value: string): number => Number(value);
  return {
    unet: [
      [/^time_embedding\.linear_(\d)/, (_, i) => `time_embed.${2 * (n(i!) - 1)}`],
      [/^conv_in/, 'input_blocks.0.0'],
      [/^conv_norm_out/, 'out.0'],
      [/^conv_out/, 'out.2'],
      [/^down_blocks\.(\d)\.resnets\.(\d)/, (_, i, j) => `input_blocks.${1 + 2 * n(i!) + n(j!)}.0`],
      [/^down_blocks\.(\d)\.attentions\.(\d)/, (_, i, j) => `input_blocks.${1 + 2 * n(i!) + n(j!)}.1`],
      [/^down_blocks\.(\d)\.downsamplers\.0\.conv/, (_, i) => `input_blocks.${2 + 2 * n(i!)}.0.op`],
      [/^mid_block\.resnets\.(\d)/, (_, i) => `middle_block.${2 * n(i!)}`],
      [/^mid_block\.attentions\.0/, 'middle_block.1'],
      [/^up_blocks\.(\d)\.resnets\.(\d)/, (_, i, j) => `output_blocks.${2 * n(i!) + n(j!)}.0`],
      [/^up_blocks\.(\d)\.attentions\.(\d)/, (_, i, j) => `output_blocks.${2 * n(i!) + n(j!)}.1`],
      [/^up_blocks\.(\d)\.upsamplers\.0\.conv/, (_, i) => `output_blocks.${2 * n(i!) + 1}.${n(i!) === 0 ? 1 : 2}.conv`],
      [/\.conv1\./, '.in_layers.2.'],
      [/\.time_emb_proj\./, '.emb_layers.1.'],
      [/\.conv2\./, '.out_layers.3.'],
      [/\.conv_shortcut\./, '.skip_connection.'],
    ],
    vae: [
      [/mid_block\.resnets\.(\d)/, (_, i) => `mid.block_${n(i!) + 1}`],
      [/mid_block\.attentions\.0\.group_norm/, 'mid.attn_1.norm'],
      [/mid_block\.attentions\.0\.to_([qkv])/, 'mid.attn_1.$1'],
      [/mid_block\.attentions\.0\.to_out\.0/, 'mid.attn_1.proj_out'],
      [/down_blocks\.(\d)\.resnets/, 'down.$1.block'],
      [/down_blocks\.(\d)\.downsamplers\.0/, 'down.$1.downsample'],
      [/up_blocks\.(\d)\.resnets/, (_, i) => `up.${levels - 1 - n(i!)}.block`],
      [/up_blocks\.(\d)\.upsamplers\.0/, (_, i) => `up.${levels - 1 - n(i!)}.upsample`],
      [/conv_shortcut/, 'nin_shortcut'],
      [/conv_norm_out/, 'norm_out'],
    ],
  };
};

const rename = (key: string, all: readonly Rule[]): string => {
  let name = all.reduce((now, [pattern, to]) => now.replace(pattern, to as string), key);
  // Norms of residual blocks; those of transformer blocks keep their names.
  if (/^(input|output|middle)_block/.test(name) && !name.includes('transformer_blocks'))
    name = name.replace(/\.norm1\./, '.in_layers.0.').replace(/\.norm2\./, '.out_layers.0.');
  return name;
};

/** A model as one file under the first implementation's names, with what else such files hold. */
async function writeCheckpoint(path: string, folder: string, model: Model): Promise<void> {
  const all: Record<string, { shape: number[]; data: TensorData }> = {
    'model_ema.decay': { shape: [1], data: Float32Array.of(0.9999) },
    betas: { shape: [2], data: Float32Array.of(0.1, 0.2) },
  };
  const { unet, vae } = rules(2);
  const parts: [string, Tree, (key: string) => string][] = [
    ['unet', model.unet.params, (key) => `model.diffusion_model.${rename(key, unet)}`],
    ['vae', model.vae.params, (key) => `first_stage_model.${rename(key, vae)}`],
    ['text', model.textEncoder.params, (key) => `cond_stage_model.transformer.${key}`],
  ];
  for (const [name, params, to] of parts) {
    await saveParameters(folder, name, params);
    for (const [key, { shape, data }] of Object.entries(await readSafetensors(join(folder, `${name}.safetensors`)))) {
      const pixels = /mid\.attn_1\.(q|k|v|proj_out)\.weight$/.test(to(key)); // 1×1 convolutions there
      all[to(key)] = { shape: pixels ? [...shape, 1, 1] : shape, data };
    }
  }
  await writeSafetensors(path, all);
}

test(
  'a single file under the first names is the same model; a tokenizer beside it is taken',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const m = tinyModel({ channels: 3 });
    await saveModel(m, join(folder, 'model'));
    const path = join(folder, 'model', 'checkpoint.safetensors');
    mkdirSync(join(folder, 'parts'));
    await writeCheckpoint(path, join(folder, 'parts'), m);
    const keys = Object.keys(await readSafetensors(path));
    for (const known of [
      'model.diffusion_model.input_blocks.0.0.weight',
      'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight',
      'model.diffusion_model.input_blocks.2.0.op.bias',
      'model.diffusion_model.middle_block.2.out_layers.3.weight',
      'model.diffusion_model.output_blocks.1.1.conv.weight',
      'model.diffusion_model.output_blocks.2.0.skip_connection.weight',
      'first_stage_model.decoder.mid.attn_1.proj_out.weight',
      'first_stage_model.decoder.up.1.upsample.conv.weight',
      'first_stage_model.encoder.down.0.downsample.conv.weight',
      'cond_stage_model.transformer.text_model.final_layer_norm.weight',
    ])
      assert.ok(keys.includes(known), `${known} is not in the test's own file`);
    const configs: SingleFileConfigs = {
      unet: m.unet.config,
      vae: m.vae.config,
      text_encoder: m.textEncoder.config as ClipTextConfig,
      scheduler: m.schedulerConfig,
    };
    const loaded = await loadSingleFile(path, configs);
    for (const [got, want] of [
      [loaded.unet, m.unet],
      [loaded.vae, m.vae],
      [loaded.textEncoder, m.textEncoder],
    ] as const) {
      const flat = flatten(got.params);
      for (const [key, leaf] of Object.entries(flatten(want.params))) assertClose(flat[key]!, leaf, 0, key);
    }
    assert.equal(loaded.unet.config.in_channels, 4);
    const request = { prompts: [effusion], steps: 2 };
    assert.deepEqual((await textToImage(loaded, request))[0]!.pixels, (await textToImage(m, request))[0]!.pixels);
    // Without configs it is Stable Diffusion 1.x, which this one is not.
    await assert.rejects(loadModel(path), /does not hold the parameters that its config describes/);
    disposeModel(m);
    disposeModel(loaded);
  }),
);

test(
  'what is no such file is refused with what to do',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const pickle = join(folder, 'v1.ckpt');
    writeFileSync(pickle, 'PK');
    await assert.rejects(
      loadModel(pickle),
      /v1\.ckpt: is not a safetensors file but looks like a PyTorch pickle or zip archive\. Pickles can run code.*save_file/,
    );
    const part = join(folder, 'lora.safetensors');
    await writeSafetensors(part, { a: { shape: [1], data: Float32Array.of(1) } });
    await assert.rejects(loadModel(part), /lora\.safetensors: holds no whole model .* model_index\.json/);
    const second = join(folder, 'v2.safetensors');
    await writeSafetensors(second, {
      'model.diffusion_model.input_blocks.0.0.weight': { shape: [1, 4, 1, 1], data: Float32Array.of(1, 2, 3, 4) },
      'cond_stage_model.model.ln_final.bias': { shape: [1], data: Float32Array.of(1) },
    });
    await assert.rejects(loadModel(second), /OpenCLIP's text encoder.*from_single_file/);
  }),
);
