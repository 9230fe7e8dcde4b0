/** Recipes of SEI's two stages. Built-in ones are in `data/sei`. */

import type { R2GenConfig } from '../../../decoders';
import type { BertConfig } from '../../../encoders';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Tokenizer } from '../../../tokenizers';
import type { Optimisation } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import { readRecipe } from '../../read-recipe';
import type { SeiSplit } from '../annotation';
import { type AlignedText, alignedTexts } from '../data/texts';
import {
  type AlignmentConfig,
  type Decoding,
  decodingShape,
  fusionShape,
  type SeiEncoders,
  type WriterConfig,
  type WriterSource,
  writerSources,
} from '../network/config';

export interface SeiRecipe {
  readonly name: string;
  readonly comment?: string;
  readonly image: SeiEncoders['image'];
  /** The text encoder's, with its window (`max_position_embeddings`); the vocabulary follows. */
  readonly text: BertConfig;
  /** Tokens of a vocabulary made of the training texts. */
  readonly vocabulary_size: number;
  readonly output_dim: number;
  readonly alignment: {
    readonly instance_temp: number;
    readonly region_temp: number;
    readonly aligns: AlignedText;
    readonly optimisation: Optimisation;
  };
  /** Similar cases kept of each study. */
  readonly cases: number;
  readonly writer: {
    readonly reads: readonly WriterSource[];
    /** Whether it begins with the encoders of stage 1, or with random ones, as R2Gen without its pretrained ResNet. */
    readonly begins: 'aligned' | 'random';
    readonly fusion: WriterConfig['fusion'];
    /** Sizes; channels in and vocabulary follow. */
    readonly decoder: Omit<R2GenConfig, 'model_type' | 'vocab_size' | 'd_vf'>;
    /** Of the vectors that the decoder reads of places, a fraction below 1. */
    readonly dropout: number;
    readonly optimisation: Optimisation;
  };
  readonly decoding: Decoding;
  /** Studies of the phantom. */
  readonly phantom: Readonly<Record<SeiSplit, number>>;
  readonly run: { readonly checkpoint_every: number };
}

const RECIPE: ShapeOf<SeiRecipe> = {
  name: is.text,
  comment: optional(is.text),
  image: { size: is.whole(8, 4096), resnet: is.object, places: is.oneOf('layer2', 'layer3', 'layer4') },
  text: is.object,
  vocabulary_size: is.whole(1),
  output_dim: is.whole(1),
  alignment: {
    instance_temp: is.number(1e-6),
    region_temp: is.number(1e-6),
    aligns: is.oneOf(...alignedTexts),
    optimisation: optimisationShape,
  },
  cases: is.whole(1),
  writer: {
    reads: is.list(is.oneOf(...writerSources), 0, writerSources.length),
    begins: is.oneOf('aligned', 'random'),
    fusion: fusionShape,
    decoder: is.object,
    dropout: is.number(0, 0.99),
    optimisation: optimisationShape,
  },
  decoding: decodingShape,
  phantom: { train: is.whole(2), val: is.whole(1), test: is.whole(1) },
  run: { checkpoint_every: is.whole(1) },
};

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadSeiRecipe(nameOrFile: string): Promise<SeiRecipe> {
  const { recipe } = await readRecipe<SeiRecipe>({ system: 'sei', nameOrFile, names: 'phantom, small and paper' }, (read, file) =>
    checkSettings(file, read, RECIPE),
  );
  return recipe;
}

/** What both stages have, with what follows from the vocabulary. */
function encodersOf({ image, text, output_dim }: SeiRecipe, tokenizer: Tokenizer): SeiEncoders {
  return {
    image: { ...image, resnet: { ...image.resnet, in_channels: 1, num_classes: 0 } },
    text: { ...text, model_type: 'bert', vocab_size: tokenizer.vocabularySize, pad_token_id: tokenizer.padId },
    output_dim,
  };
}

export function alignmentConfigOf(recipe: SeiRecipe, tokenizer: Tokenizer): AlignmentConfig {
  const { instance_temp, region_temp } = recipe.alignment;
  return { model_type: 'sei-alignment', ...encodersOf(recipe, tokenizer), instance_temp, region_temp };
}

export function writerConfigOf(recipe: SeiRecipe, tokenizer: Tokenizer): WriterConfig {
  const { reads, fusion, decoder } = recipe.writer;
  return {
    model_type: 'sei-writer',
    ...encodersOf(recipe, tokenizer),
    reads,
    fusion,
    decoder: { ...decoder, model_type: 'r2gen', vocab_size: tokenizer.vocabularySize, d_vf: recipe.output_dim },
    decoding: recipe.decoding,
  };
}
