/** Recipes of ViewXGen: the autoencoder of codes, then the network over text and codes. Built-in ones are in `data/viewxgen`. */

import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Tokenizer } from '../../../tokenizers';
import type { Optimisation, VqLossWeights } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import type { VqConfig } from '../../../vq';
import { completeVqConfig, vqFactor } from '../../../vq/internal';
import { readRecipe } from '../../read-recipe';
import type { ViewSplit } from '../data/studies';
import { attentionKinds, type ViewxgenConfig } from '../network/config';

/** What the network learns to write: all parts, or one kind from the others. */
export const learntParts = ['both', 'text', 'image'] as const;
export type LearntPart = (typeof learntParts)[number];

export interface ViewxgenRecipe {
  readonly name: string;
  readonly comment?: string;
  /** Pixels of an image's side. */
  readonly size: number;
  readonly autoencoder: {
    /** Channels of images follow: one. */
    readonly network: VqConfig;
    readonly weights: Omit<VqLossWeights, 'perceptual'>;
    /** Side of the random squares that it trains on; the whole images where left out. */
    readonly crop?: number;
    readonly optimisation: Optimisation;
  };
  /** Tokens of a vocabulary made of the training reports. */
  readonly vocabulary_size: number;
  readonly network: Pick<ViewxgenConfig, 'dim' | 'depth' | 'heads' | 'dim_head' | 'features' | 'attention' | 'text_length' | 'images'>;
  readonly learns: LearntPart;
  /** Of the embeddings, a fraction below 1. */
  readonly dropout: number;
  /** Steps after which features get other random rows; they keep their first where left out. */
  readonly redraw_every?: number;
  readonly optimisation: Optimisation;
  /** Studies of the phantom. */
  readonly phantom: Readonly<Record<ViewSplit, number>>;
  readonly run: { readonly checkpoint_every: number };
}

const size = is.whole(1, 100_000);

const RECIPE: ShapeOf<ViewxgenRecipe> = {
  name: is.text,
  comment: optional(is.text),
  size: is.whole(8, 4096),
  autoencoder: {
    network: is.object,
    weights: {
      reconstruction: is.oneOf('l1', 'l2'),
      gradient: is.number(0),
      adversarial: optional(is.object),
      codebook: is.number(0),
      revival: optional(is.number(0)),
      beta: optional(is.number(0)),
      betaOn: optional(is.oneOf('commitment', 'codebook')),
    },
    crop: optional(size),
    optimisation: optimisationShape,
  },
  vocabulary_size: is.whole(514),
  network: {
    dim: size,
    depth: size,
    heads: size,
    dim_head: size,
    features: size,
    attention: is.oneOf(...attentionKinds),
    text_length: is.whole(3, 100_000),
    images: is.whole(1, 4),
  },
  learns: is.oneOf(...learntParts),
  dropout: is.number(0, 0.99),
  redraw_every: optional(is.whole(1)),
  optimisation: optimisationShape,
  phantom: { train: is.whole(2), test: is.whole(1) },
  run: { checkpoint_every: is.whole(1) },
};

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadViewxgenRecipe(nameOrFile: string): Promise<ViewxgenRecipe> {
  const { recipe } = await readRecipe<ViewxgenRecipe>(
    { system: 'viewxgen', nameOrFile, names: 'phantom, small and paper' },
    (read, file) => {
      checkSettings(file, read, RECIPE);
      const factor = vqFactor(vqConfigOf(read));
      if (read.size % factor !== 0)
        throw new RangeError(`${file}: size: expected a multiple of ${factor}, the autoencoder's, got ${read.size}`);
    },
  );
  return recipe;
}

/** The autoencoder's, of grey images; blocks that are not named are the plain ones. */
export function vqConfigOf({ autoencoder: { network }, size: sample_size }: Pick<ViewxgenRecipe, 'autoencoder' | 'size'>): VqConfig {
  const levels = network.block_out_channels?.length ?? 1;
  return {
    down_block_types: new Array(levels).fill('DownEncoderBlock2D'),
    up_block_types: new Array(levels).fill('UpDecoderBlock2D'),
    ...network,
    in_channels: 1,
    out_channels: 1,
    sample_size,
  };
}

export function viewxgenConfigOf(recipe: ViewxgenRecipe, tokenizer: Tokenizer): ViewxgenConfig {
  const vq = vqConfigOf(recipe);
  return {
    model_type: 'viewxgen',
    ...recipe.network,
    text_vocabulary: tokenizer.vocabularySize,
    codes: completeVqConfig(vq).num_vq_embeddings,
    grid: recipe.size / vqFactor(vq),
  };
}
