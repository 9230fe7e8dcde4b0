/** A whole model: autoencoder, U-Net, text encoder, tokenizer and scheduler. */

import type { ClipTextModel } from '../encoders';
import type { SchedulerConfig } from '../schedulers';
import type { Tokenizer } from '../tokenizers';
import { completeUNetConfig, type UNetModel } from '../unet';
import { completeVaeConfig, type VaeModel } from '../vae';

/** A plain object: its parts can be exchanged by assignment, and the compiled networks follow. */
export interface Model {
  unet: UNetModel;
  vae: VaeModel;
  textEncoder: ClipTextModel;
  /** Absent in folders without one; prompts then can't be encoded. */
  tokenizer?: Tokenizer;
  /** scheduler_config.json. */
  schedulerConfig: SchedulerConfig;
  /** Where it was loaded from. */
  folder?: string;
}

/**
 * Whether the parts fit each other.
 *
 * @param where what to call the model in the error
 * @throws RangeError naming both sizes
 */
export function checkModel({ unet, vae, textEncoder, tokenizer }: Model, where: string): void {
  const unetConfig = completeUNetConfig(unet.config);
  const { hidden_size: width = 512, vocab_size: words = 49408, max_position_embeddings: positions = 77 } = textEncoder.config;
  const fail = (what: string): never => {
    throw new RangeError(`${where}: ${what}`);
  };
  if (width !== unetConfig.cross_attention_dim)
    fail(`the text encoder is ${width} wide, but the U-Net's cross_attention_dim is ${unetConfig.cross_attention_dim}`);
  const { latent_channels: channels } = completeVaeConfig(vae.config);
  if (channels !== unetConfig.out_channels)
    fail(`the autoencoder has ${channels} latent channels, but the U-Net predicts ${unetConfig.out_channels}`);
  if (!tokenizer) return;
  if (tokenizer.vocabularySize > words) fail(`the tokenizer has ${tokenizer.vocabularySize} ids, but the text encoder only ${words}`);
  if (tokenizer.maxLength > positions)
    fail(`the tokenizer makes ${tokenizer.maxLength} ids a text, but the text encoder has ${positions} positions`);
}

/** How many pixels a latent is wide. */
export function latentFactor({ vae }: Model): number {
  return 2 ** (completeVaeConfig(vae.config).block_out_channels.length - 1);
}
