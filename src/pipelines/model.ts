/** A whole model: autoencoder, U-Net, text encoder, tokenizer and scheduler. */

import type { TextEncoderModel } from '../encoders';
import { expectFits, textEncoderFacts } from '../encoders/internal';
import { expectNotDisposed } from '../engine/internal';
import type { SchedulerConfig } from '../schedulers';
import type { Tokenizer } from '../tokenizers';
import type { UNetModel } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeModel } from '../vae';
import { completeVaeConfig, vaeFactor } from '../vae/internal';
import type { TextProjection } from './text-projection';

/** A plain object: its parts can be exchanged by assignment, and the compiled networks follow. */
export interface Model {
  unet: UNetModel;
  vae: VaeModel;
  /** Any kind. Where its config says `use_attention_mask`, padding is masked in it; in the U-Net where its own says `mask_padding`. */
  textEncoder: TextEncoderModel;
  /** Where the text encoder is not as wide as the U-Net's context (`swapTextEncoder`). */
  textProjection?: TextProjection;
  /** Absent in folders without one; prompts then can't be encoded. */
  tokenizer?: Tokenizer;
  /** scheduler_config.json. */
  schedulerConfig: SchedulerConfig;
  /** Where it was loaded from. */
  folder?: string;
}

/** What is known of a model before its weights are read. */
export type ModelConfigs = {
  readonly [K in 'unet' | 'vae' | 'textEncoder']: Pick<Model[K], 'config'>;
} & { readonly textProjection?: Pick<TextProjection, 'config'>; readonly tokenizer?: Tokenizer };

/**
 * Whether the parts fit each other.
 *
 * @param where what to call the model in the error
 * @throws RangeError naming both sizes
 */
export function checkModel({ unet, vae, textEncoder, textProjection, tokenizer }: ModelConfigs, where: string): void {
  const unetConfig = completeUNetConfig(unet.config);
  const facts = textEncoderFacts(textEncoder.config);
  const fail = (what: string): never => {
    throw new RangeError(`${where}: ${what}`);
  };
  const { in_features: from = facts.width, out_features: width = facts.width } = textProjection?.config ?? {};
  if (from !== facts.width) fail(`the text encoder is ${facts.width} wide, but the text projection takes ${from} channels`);
  if (width !== unetConfig.cross_attention_dim)
    fail(
      `the text ${textProjection ? 'projection' : 'encoder'} is ${width} wide, but the U-Net's cross_attention_dim is ` +
        `${unetConfig.cross_attention_dim}; swapTextEncoder makes parts fit`,
    );
  const { latent_channels: channels } = completeVaeConfig(vae.config);
  if (channels !== unetConfig.out_channels)
    fail(`the autoencoder has ${channels} latent channels, but the U-Net predicts ${unetConfig.out_channels}`);
  if (tokenizer) expectFits(where, facts, tokenizer);
}

/**
 * Whether the model still has its weights: what every public call on a model asks first.
 *
 * @param where the call
 * @throws TypeError where any of them was disposed
 */
export function expectWeights({ unet, vae, textEncoder, textProjection }: Model, where: string): void {
  expectNotDisposed(where, 'model', unet.params, vae.params, textEncoder.params, textProjection?.params);
}

/** Whether the network asks for the texts' masks beside their ids: text encoder or U-Net. */
export function masksPadding({ textEncoder, unet }: ModelConfigs): boolean {
  return textEncoder.config.use_attention_mask === true || unet.config.mask_padding === true;
}

/** How many pixels a latent is wide. */
export function latentFactor({ vae }: Model): number {
  return vaeFactor(vae.config);
}
