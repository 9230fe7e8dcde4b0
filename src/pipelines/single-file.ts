/**
 * Stable Diffusion 1.x in one safetensors file, under the names of the first implementation (github.com/CompVis/stable-diffusion,
 * ldm/modules/diffusionmodules/{openaimodel,model}.py) in place of diffusers'.
 */

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClipTextConfig, ClipTextParams } from '../encoders';
import { clipTextShapes } from '../encoders/internal';
import { dispose, type Tree } from '../engine';
import { checkContent, FileError } from '../files';
import { loadParameters, openSafetensors } from '../files/internal';
import type { SchedulerConfig } from '../schedulers';
import { loadTokenizer } from '../tokenizers';
import { type UNetConfig, type UNetParams, unetShapes } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeConfig, VaeParams } from '../vae';
import { completeVaeConfig, vaeShapes } from '../vae/internal';
import { checkModel, type Model } from './model';

/** The configs that a single file does not hold. */
export interface SingleFileConfigs {
  readonly unet: UNetConfig;
  readonly vae: VaeConfig;
  readonly text_encoder: ClipTextConfig;
  readonly scheduler: SchedulerConfig;
}

/** Stable Diffusion 1.x: CompVis' configs/stable-diffusion/v1-inference.yaml, and the scheduler of its published folder. */
export const stableDiffusion1: SingleFileConfigs = {
  unet: { sample_size: 64, cross_attention_dim: 768, attention_head_dim: 8 },
  vae: {
    sample_size: 512,
    block_out_channels: [128, 256, 512, 512],
    layers_per_block: 2,
    down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
    up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
    scaling_factor: 0.18215,
  },
  text_encoder: {
    hidden_size: 768,
    intermediate_size: 3072,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    projection_dim: 768,
    eos_token_id: 2,
  },
  scheduler: {
    _class_name: 'PNDMScheduler',
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    num_train_timesteps: 1000,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
  },
};

const RESNET: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'emb_layers.1': 'time_emb_proj',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  skip_connection: 'conv_shortcut',
};

const UNET_ENDS: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

const MIDDLE = ['resnets.0', 'attentions.0', 'resnets.1'] as const;

/** The last two parts of a key apart from the layer's own name: `in_layers.0.weight` to [`in_layers.0`, `weight`]. */
const split = (key: string): [layer: string, leaf: string] => [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)];

function resnetKey(name: string): string {
  const [layer, leaf] = split(name);
  return `${RESNET[layer] ?? layer}.${leaf}`;
}

/** A key behind `model.diffusion_model.` under diffusers' name. */
function unetKey(key: string, layers: readonly number[]): string {
  const [layer, leaf] = split(key);
  if (UNET_ENDS[layer]) return `${UNET_ENDS[layer]}.${leaf}`;
  const [kind, first, second, ...others] = key.split('.');
  const rest = others.join('.');
  if (kind === 'middle_block') {
    const place = MIDDLE[Number(first)];
    const inside = [second, rest].join('.');
    return `mid_block.${place}.${place === 'attentions.0' ? inside : resnetKey(inside)}`;
  }
  if (kind !== 'input_blocks' && kind !== 'output_blocks') return key;
  // Blocks are counted over all levels: a level has its residual blocks and, in the encoder path, one that halves the size.
  const down = kind === 'input_blocks';
  let level = 0;
  let block = Number(first) - (down ? 1 : 0);
  const counts = down ? layers : [...layers].reverse();
  while (level < counts.length && block > counts[level]!) block -= counts[level++]! + 1;
  const at = `${down ? 'down' : 'up'}_blocks.${level}`;
  if (rest.startsWith('op.')) return `${at}.downsamplers.0.conv.${leaf}`;
  if (rest.startsWith('conv.')) return `${at}.upsamplers.0.conv.${leaf}`;
  return second === '0' ? `${at}.resnets.${block}.${resnetKey(rest)}` : `${at}.attentions.${block}.${rest}`;
}

const VAE_LAYERS: readonly (readonly [RegExp, string])[] = [
  [/\.mid\.block_1\./, '.mid_block.resnets.0.'],
  [/\.mid\.block_2\./, '.mid_block.resnets.1.'],
  [/\.mid\.attn_1\.norm\./, '.mid_block.attentions.0.group_norm.'],
  [/\.mid\.attn_1\.([qkv])\./, '.mid_block.attentions.0.to_$1.'],
  [/\.mid\.attn_1\.proj_out\./, '.mid_block.attentions.0.to_out.0.'],
  [/\.down\.(\d+)\.block\./, '.down_blocks.$1.resnets.'],
  [/\.down\.(\d+)\.downsample\./, '.down_blocks.$1.downsamplers.0.'],
  [/\.nin_shortcut\./, '.conv_shortcut.'],
  [/\.norm_out\./, '.conv_norm_out.'],
];

/** A key behind `first_stage_model.` under diffusers' name; decoder levels are counted from the other end. */
function vaeKey(key: string, levels: number): string {
  return VAE_LAYERS.reduce((name, [pattern, to]) => name.replace(pattern, to), key)
    .replace(/\.up\.(\d+)\.block\./, (_, level: string) => `.up_blocks.${levels - 1 - Number(level)}.resnets.`)
    .replace(/\.up\.(\d+)\.upsample\./, (_, level: string) => `.up_blocks.${levels - 1 - Number(level)}.upsamplers.0.`);
}

/** Keys of one network: those behind its prefix, under their new names; the others are dropped. */
const behind =
  (prefix: string, rename: (key: string) => string) =>
  (key: string): string | undefined =>
    key.startsWith(prefix) && !key.endsWith('position_ids') ? rename(key.slice(prefix.length)) : undefined;

const PREFIX = { unet: 'model.diffusion_model.', vae: 'first_stage_model.', text: 'cond_stage_model.transformer.' } as const;

/**
 * Loads a single-file checkpoint. Its tokenizer is the folder `tokenizer` beside the file, where there is one: the file holds none.
 *
 * @param configs of the networks, as the file holds none; the channels that its U-Net takes are read from it
 * @returns parameters are the caller's: `disposeModel`
 * @throws FileError where it is a pickle, holds no such model, or tensors are missing or have other shapes
 */
export async function loadSingleFile(path: string, configs: SingleFileConfigs = stableDiffusion1): Promise<Model> {
  const file = await openSafetensors(path);
  const { keys } = file;
  const first = `${PREFIX.unet}input_blocks.0.0.weight`;
  const channels = keys.includes(first) ? file.info(first).shape[1]! : undefined;
  await file.close();
  if (channels === undefined)
    throw new FileError(path, `holds no whole model (no ${first}); give the folder that has model_index.json, or the whole checkpoint`);
  if (keys.some((key) => key.startsWith('cond_stage_model.model.')))
    throw new FileError(
      path,
      "has OpenCLIP's text encoder, as Stable Diffusion 2.x has; convert it to a folder once in Python: " +
        "`StableDiffusionPipeline.from_single_file('FILE').save_pretrained('FOLDER')`",
    );
  const unetConfig: UNetConfig = { ...configs.unet, in_channels: channels };
  const layers = completeUNetConfig(unetConfig).layers_per_block;
  const levels = completeVaeConfig(configs.vae).block_out_channels.length;
  const loaded: Tree[] = [];
  const part = async <P extends Tree>(prefix: string, expected: Record<string, number[]>, rename: (key: string) => string): Promise<P> => {
    const params = await loadParameters<P>(path, { expected, rename: behind(prefix, rename) });
    loaded.push(params);
    return params;
  };
  try {
    const beside = join(dirname(path), 'tokenizer');
    const hasTokenizer = await stat(beside).then(
      (found) => found.isDirectory(),
      () => false,
    );
    const withPrefix = (key: string): string => (key.startsWith('text_model.') ? key : `text_model.${key}`);
    const model: Model = {
      unet: { config: unetConfig, params: await part<UNetParams>(PREFIX.unet, unetShapes(unetConfig), (key) => unetKey(key, layers)) },
      vae: { config: configs.vae, params: await part<VaeParams>(PREFIX.vae, vaeShapes(configs.vae), (key) => vaeKey(key, levels)) },
      textEncoder: {
        config: configs.text_encoder,
        params: await part<ClipTextParams>(PREFIX.text, clipTextShapes(configs.text_encoder), withPrefix),
      },
      tokenizer: hasTokenizer ? await loadTokenizer(beside) : undefined,
      schedulerConfig: configs.scheduler,
      folder: path,
    };
    checkContent(path, () => checkModel(model, path));
    return model;
  } catch (error) {
    dispose(...loaded);
    throw error;
  }
}
