/** What the larger of both trainings needs of memory. */

import type { MemoryEstimate } from '../../../experiments';
import { estimateStepMemory } from '../../../experiments/internal';
import type { Tokenizer } from '../../../tokenizers';
import { completeVqConfig, vqShapes } from '../../../vq/internal';
import type { ViewxgenConfig } from '../network/config';
import { viewxgenShapes } from '../network/params';
import { sequenceLength, vocabularyOf } from '../sequence/tokens';
import { type ViewxgenRecipe, viewxgenConfigOf, vqConfigOf } from './recipe';

/** Values that a forward pass leaves for the way back, for each token: of a layer's width, of what is inside it, of the features; of each logit. */
const LAYER = { width: 12, inner: 3, features: 8 };
const LOGIT = 5;
/** For each pixel and channel of a level, of a residual block; the decoder has one block more. */
const BLOCK = 8;

const size = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

function sequenceActivations(config: ViewxgenConfig): number {
  const { dim, depth, heads, dim_head, features, attention } = config;
  const L = sequenceLength(config);
  const mixing = attention === 'exact' ? 3 * heads * L : LAYER.features * heads * (features + dim_head);
  return L * (depth * (LAYER.width * dim + LAYER.inner * 4 * dim + mixing) + LOGIT * vocabularyOf(config));
}

function autoencoderActivations(recipe: ViewxgenRecipe): number {
  const { block_out_channels: channels, layers_per_block: blocks } = completeVqConfig(vqConfigOf(recipe));
  const side = recipe.autoencoder.crop ?? recipe.size;
  return channels.reduce((sum, width, level) => sum + (2 * blocks + 1) * BLOCK * width * (side / 2 ** level) ** 2, 0);
}

/** Before either starts: parameters, moments, gradients, and what a batch leaves for the way back. */
export function estimateViewxgenMemory(recipe: ViewxgenRecipe, tokenizer: Tokenizer): MemoryEstimate {
  const config = viewxgenConfigOf(recipe, tokenizer);
  const parts = [
    { parameters: size(vqShapes(vqConfigOf(recipe))), activations: autoencoderActivations(recipe), of: recipe.autoencoder.optimisation },
    { parameters: size(viewxgenShapes(config)), activations: sequenceActivations(config), of: recipe.optimisation },
  ].map(({ parameters, activations, of }) => estimateStepMemory({ parameters, trained: parameters, activations }, of));
  return parts[0]!.MiB > parts[1]!.MiB ? parts[0]! : parts[1]!;
}
