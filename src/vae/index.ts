/** AutoencoderKL: pixels to latents and back. */

export * from './config';
export * from './files';
export * from './parameters';
export * from './posterior';
export * from './tiles';
export * from './vae';
