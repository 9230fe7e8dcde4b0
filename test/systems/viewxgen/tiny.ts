/** A network of a few parameters, and studies that it reads. */

import { key, randomInts } from 'roentgen-lab/engine';
import {
  type ChestView,
  type ImagePart,
  loadViewxgenRecipe,
  type TextPart,
  type ViewxgenConfig,
  type ViewxgenRecipe,
} from 'roentgen-lab/systems';

export const tinyConfig: ViewxgenConfig = {
  model_type: 'viewxgen',
  dim: 16,
  depth: 2,
  heads: 2,
  dim_head: 8,
  features: 12,
  attention: 'relu',
  text_vocabulary: 30,
  text_length: 7,
  codes: 11,
  grid: 3,
  images: 3,
};

export const imagePart = (view: ChestView, seed: number): ImagePart => ({
  kind: 'image',
  view,
  codes: randomInts(key(seed), tinyConfig.grid ** 2, 0, tinyConfig.codes),
});

/** A start, words, an end, padding. */
export const textPart = (...words: number[]): TextPart => ({
  kind: 'text',
  ids: [28, ...words, 29, ...new Array<number>(tinyConfig.text_length - words.length - 2).fill(29)],
  length: words.length + 2,
});

/** Pixels of the studies' images. */
export const SIZE = 16;

/** A recipe with few parameters and so many steps. */
export async function tinyRecipe(steps: { autoencoder: number; sequence: number }): Promise<ViewxgenRecipe> {
  const recipe = await loadViewxgenRecipe('small');
  const { autoencoder, optimisation, network } = recipe;
  return {
    ...recipe,
    size: SIZE,
    autoencoder: {
      ...autoencoder,
      network: { ...autoencoder.network, block_out_channels: [8, 8, 8], latent_channels: 4, vq_embed_dim: 4, num_vq_embeddings: 16 },
      optimisation: { ...autoencoder.optimisation, steps: steps.autoencoder },
    },
    network: { ...network, dim: 32, text_length: 24 },
    dropout: 0.1,
    redraw_every: 3,
    optimisation: { ...optimisation, steps: steps.sequence, batch_size: 4 },
    phantom: { train: 40, test: 24 },
  };
}
