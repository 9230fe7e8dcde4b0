/** Stable Diffusion 1.x in one safetensors file, under the names of the first implementation (`single-file-names.ts`) in place of diffusers'. */

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
import { completeVaeConfig, vaeKey, vaeShapes } from '../vae/internal';
import { checkModel, type Model } from './model';
import { isPacked, loadPacked } from './packed-model';
import { behind, PREFIX, unetKey } from './single-file-names';

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

/**
 * Loads a single-file checkpoint. One that `packModel` wrote holds all there is; of any other the tokenizer is the folder `tokenizer` beside the file, where
 * there is one.
 *
 * @param configs of the networks where the file holds none; the channels that its U-Net takes are read from it
 * @returns parameters are the caller's: `disposeModel`
 * @throws FileError where it is a pickle, holds no such model, tensors are missing or have other shapes, or what a packed file says of itself is damaged
 */
export async function loadSingleFile(path: string, configs: SingleFileConfigs = stableDiffusion1): Promise<Model> {
  const file = await openSafetensors(path);
  const { keys, metadata } = file;
  const first = `${PREFIX.unet}input_blocks.0.0.weight`;
  const channels = keys.includes(first) ? file.info(first).shape[1]! : undefined;
  await file.close();
  if (isPacked(metadata)) return await loadPacked(path, keys, metadata);
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
