/** AutoencoderKL: pixels to latents and back. */

export type { DownBlockType, TrunkConfig, UpBlockType, VaeConfig } from './config';
export { loadVae, type VaeModel } from './files';
export type { DecoderParams, EncoderParams, VaeAttentionParams, VaeMidBlockParams, VaeParams } from './parameters';
export { type Posterior, samplePosterior } from './posterior';
export type { VaeOptions } from './trunk';
export { decode, encode } from './vae';
