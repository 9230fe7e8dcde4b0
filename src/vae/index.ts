/** AutoencoderKL: pixels to latents and back. */

export type { VaeConfig } from './config';
export { loadVae, type VaeModel } from './files';
export type { DecoderParams, EncoderParams, VaeAttentionParams, VaeMidBlockParams, VaeParams } from './parameters';
export { type Posterior, samplePosterior } from './posterior';
export { decode, encode, type VaeOptions } from './vae';
