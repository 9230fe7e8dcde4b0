/** The pieces of work that are timed. */

import type { TextEncoderConfig } from '../../encoders';
import type { SchedulerConfig } from '../../schedulers';
import type { Optimisation } from '../../training';
import type { UNetConfig } from '../../unet';
import type { VaeConfig } from '../../vae';
import type { KindName, SettingsOf } from './kinds';

interface WorkOf<K extends KindName> {
  /** What a person types. */
  readonly name: string;
  /** What is computed. */
  readonly title: string;
  readonly kind: K;
  readonly settings: () => SettingsOf[K] | Promise<SettingsOf[K]>;
  /** Calls that are timed in a round. */
  readonly calls: number;
  /** Resident memory of a process that does it, about. */
  readonly gigabytes: number;
}

/** One of them. */
export type Work = { readonly [K in KindName]: WorkOf<K> }[KindName];

/** AdamW as PyTorch has it by default: without clipping and moving average. */
export const plainAdamW = (batch: number): Optimisation => ({
  steps: 1e6,
  batch_size: batch,
  learning_rate: { peak: 1e-4, schedule: 'constant', warmup: 0, floor: 1 },
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weight_decay: 1e-2,
  clip_norm: 1e9, // no gradient is so large
});

const tinyUNet: UNetConfig = {
  sample_size: 16,
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 1,
  block_out_channels: [32, 64],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  cross_attention_dim: 32,
  attention_head_dim: 4,
  norm_num_groups: 32,
};

export const smallUNet: UNetConfig = {
  sample_size: 32,
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 1,
  block_out_channels: [64, 128, 256],
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  cross_attention_dim: 128,
  attention_head_dim: 4,
  norm_num_groups: 32,
};

const sd14UNet: UNetConfig = {
  sample_size: 32,
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 2,
  block_out_channels: [320, 640, 1280, 1280],
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  cross_attention_dim: 768,
  attention_head_dim: 8,
  norm_num_groups: 32,
};

/** An autoencoder by the channels of its levels. */
const vae = (channels: readonly number[], size: number, more: VaeConfig = {}): VaeConfig => ({
  sample_size: size,
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  layers_per_block: 1,
  block_out_channels: channels,
  down_block_types: channels.map(() => 'DownEncoderBlock2D' as const),
  up_block_types: channels.map(() => 'UpDecoderBlock2D' as const),
  norm_num_groups: 32,
  ...more,
});

const quickstartVae: VaeConfig = vae([16, 32, 64], 64, { in_channels: 1, out_channels: 1, norm_num_groups: 8 });

/** CLIP's text tower of ViT-L/14, which is Stable Diffusion 1's text encoder. */
const clipText = {
  vocab_size: 49408,
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  max_position_embeddings: 77,
  projection_dim: 768,
} as const satisfies TextEncoderConfig;

/** The table of tokens with its special ones at its end. */
const idsWithin = (size: number) => ({ vocab_size: size, bos_token_id: size - 2, eos_token_id: size - 1, pad_token_id: size - 1 }) as const;

/** A text encoder of a small model, as wide as its U-Net's context. */
const smallText = (width: number) =>
  ({
    ...clipText,
    hidden_size: width,
    intermediate_size: 4 * width,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    projection_dim: width,
    ...idsWithin(1000),
  }) as const;

const scheduler = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  prediction_type: 'epsilon',
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
} as const satisfies SchedulerConfig;

const PROMPTS = [
  'Large right pleural effusion.',
  'No acute cardiopulmonary process.',
  'Left lower lobe consolidation.',
  'Mild cardiomegaly with a pacemaker.',
];

/** A recipe, read when the work is done: help is there at once. */
async function recipe(name: string) {
  const { loadRecipe } = require('../../experiments') as typeof import('../../experiments');
  return loadRecipe(name);
}

/** A recipe's optimiser at one rate, so that two first steps compare. */
const steady = (optimisation: Optimisation): Optimisation => ({
  ...optimisation,
  learning_rate: { peak: optimisation.learning_rate.peak, schedule: 'constant', warmup: 0, floor: 1 },
});

const unetTraining = (config: UNetConfig, batch: number, checkpointing = false): SettingsOf['unet-training'] => ({
  config,
  batch,
  tokens: 77,
  checkpointing,
  optimisation: plainAdamW(batch),
});

async function loadedTraining(): Promise<SettingsOf['training-from-disk']> {
  const { vae: part, size } = await recipe('quickstart');
  return { config: part.config, size, optimisation: steady(part.optimisation), images: 64, fileSize: 256, passes: 4 };
}

/** All of them, in the order in which they are shown. */
export const works: readonly Work[] = [
  {
    name: 'small-training',
    title: 'small U-Net, training step',
    kind: 'unet-training',
    settings: () => unetTraining(smallUNet, 4),
    calls: 8,
    gigabytes: 1.5,
  },
  {
    name: 'tiny-training',
    title: 'tiny U-Net, training step',
    kind: 'unet-training',
    settings: () => unetTraining(tinyUNet, 8),
    calls: 30,
    gigabytes: 1,
  },
  {
    name: 'small-forward',
    title: 'small U-Net, forward',
    kind: 'unet-forward',
    settings: () => ({ config: smallUNet, batch: 4, tokens: 77 }),
    calls: 15,
    gigabytes: 1,
  },
  {
    name: 'sd14-forward',
    title: 'Stable Diffusion 1.4 U-Net at 256², forward',
    kind: 'unet-forward',
    settings: () => ({ config: sd14UNet, batch: 1, tokens: 77 }),
    calls: 3,
    gigabytes: 5,
  },
  {
    name: 'sd14-training',
    title: 'Stable Diffusion 1.4 U-Net at 256², training step with checkpointing',
    kind: 'unet-training',
    settings: () => unetTraining(sd14UNet, 1, true),
    calls: 1,
    gigabytes: 15,
  },
  {
    name: 'vae-training',
    title: 'VAE at 128², training step',
    kind: 'vae-training',
    settings: () => ({ config: vae([64, 128, 128], 128), size: 128, optimisation: plainAdamW(2) }),
    calls: 5,
    gigabytes: 2,
  },
  {
    name: 'quickstart-vae',
    title: "quickstart's VAE, training step with perceptual and adversarial terms",
    kind: 'vae-adversarial',
    settings: async () => {
      const [{ classifier, size, vae: part }, { vae: terms }] = await Promise.all([recipe('quickstart'), recipe('vae')]);
      const { channels, hidden } = classifier;
      return {
        config: part.config,
        size,
        optimisation: steady(terms.optimisation),
        weights: terms.weights,
        classifier: { size, channels, hidden, findings: ['effusion'], sided: ['effusion'] },
      };
    },
    calls: 8,
    gigabytes: 1.5,
  },
  {
    name: 'quickstart-joint',
    title: "quickstart's U-Net and text encoder, joint training step",
    kind: 'joint',
    settings: async () => {
      const { unet, text_encoder: text, scheduler: noise, tokenizer, diffusion } = await recipe('quickstart');
      return {
        unet,
        textEncoder: { ...text.config, ...idsWithin(tokenizer.vocabulary_size) } as TextEncoderConfig,
        tokens: tokenizer.max_length,
        scheduler: noise,
        optimisation: steady(diffusion.optimisation),
      };
    },
    calls: 8,
    gigabytes: 1.5,
  },
  {
    name: 'tiny-sampling',
    title: 'tiny model, 4 images in 50 guided steps',
    kind: 'sampling',
    settings: () => ({
      unet: tinyUNet,
      vae: quickstartVae,
      textEncoder: smallText(32),
      scheduler,
      prompts: PROMPTS,
      steps: 50,
      guidance: 4,
    }),
    calls: 2,
    gigabytes: 1,
  },
  {
    name: 'small-sampling',
    title: 'small model, 2 images in 50 guided steps',
    kind: 'sampling',
    settings: () => ({
      unet: smallUNet,
      vae: vae([64, 128, 128], 128),
      textEncoder: smallText(128),
      scheduler,
      prompts: PROMPTS.slice(0, 2),
      steps: 50,
      guidance: 4,
    }),
    calls: 1,
    gigabytes: 1.5,
  },
  {
    name: 'sd14-sampling',
    title: 'Stable Diffusion 1.4 at 256², an image in 5 guided steps',
    kind: 'sampling',
    settings: () => ({
      unet: sd14UNet,
      vae: vae([128, 256, 512, 512], 256, { layers_per_block: 2 }),
      textEncoder: clipText,
      scheduler,
      prompts: PROMPTS.slice(0, 1),
      steps: 5,
      guidance: 4,
    }),
    calls: 1,
    gigabytes: 7,
  },
  {
    name: 'clip-text',
    title: "CLIP ViT-L/14's text encoder, 32 texts of 77 tokens",
    kind: 'text-encoding',
    settings: () => ({ config: clipText, texts: 32, tokens: 77 }),
    calls: 2,
    gigabytes: 2,
  },
  {
    name: 'bert-text',
    title: 'BERT-base, 32 texts of up to 128 tokens',
    kind: 'text-encoding',
    settings: () => ({ config: { model_type: 'bert' }, texts: 32, tokens: 128 }),
    calls: 2,
    gigabytes: 2,
  },
  {
    name: 'minilm-text',
    title: 'MiniLM-L6, 32 texts of up to 128 tokens',
    kind: 'text-encoding',
    settings: () => ({
      config: { model_type: 'bert', hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 12, intermediate_size: 1536 },
      texts: 32,
      tokens: 128,
    }),
    calls: 6,
    gigabytes: 1,
  },
  {
    name: 'loading',
    title: 'training on images from disk, each used four times',
    kind: 'training-from-disk',
    settings: loadedTraining,
    calls: 1,
    gigabytes: 1,
  },
];
