/** What SEI's trainings need of memory. */

import { completeR2GenConfig } from '../../../decoders/internal';
import { completeBertConfig } from '../../../encoders/internal';
import type { MemoryEstimate } from '../../../experiments';
import { estimateStepMemory } from '../../../experiments/internal';
import type { Tokenizer } from '../../../tokenizers';
import type { Optimisation } from '../../../training';
import { placesOf } from '../../../vision/internal';
import { alignmentShapes } from '../network/alignment';
import type { AlignmentConfig, SeiEncoders, WriterConfig } from '../network/config';
import { isOfCaseReader, writerShapes } from '../network/writer';
import { alignmentConfigOf, type SeiRecipe, writerConfigOf } from './recipe';

/** Values that a forward pass leaves for the way back, for each token and channel of a layer, and for each channel inside it. */
const LAYER = { width: 12, inner: 3 };
/** For each place and channel of a block of a ResNet; of a memory's slot, of a norm that follows from it (fitted to what the recipe `phantom` took). */
const BLOCK = 8;
const SLOT = 40;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function bertActivations({ text }: SeiEncoders): number {
  const {
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: L,
  } = completeBertConfig(text);
  return layers * (L * (LAYER.width * width + LAYER.inner * inner) + 2 * heads * L * L);
}

function imageActivations({ image }: SeiEncoders): number {
  const { layers = [3, 4, 6, 3], planes = [64, 128, 256, 512], stem = 64, block } = image.resnet;
  const first = 4 * stem * (image.size / 2) ** 2;
  const factor = block === 'BasicBlock' ? 1 : 2; // the last convolution of a bottleneck is four times as wide, the others are as wide
  return layers.reduce((sum, count, i) => sum + count * BLOCK * factor * planes[i]! * (image.size / 2 ** (2 + i)) ** 2, first);
}

/** What the larger of both stages needs. */
export function estimateSeiMemory(recipe: SeiRecipe, tokenizer: Tokenizer): MemoryEstimate {
  const stages = [
    estimateAlignmentMemory(alignmentConfigOf(recipe, tokenizer), recipe.alignment.optimisation),
    estimateWriterMemory(writerConfigOf(recipe, tokenizer), recipe.writer.optimisation),
  ];
  return stages[0]!.MiB > stages[1]!.MiB ? stages[0]! : stages[1]!;
}

/** Before stage 1 starts: parameters, moments, gradients, and what a batch leaves for the way back. */
export function estimateAlignmentMemory(config: AlignmentConfig, optimisation: Optimisation): MemoryEstimate {
  const parameters = Object.values(alignmentShapes(config)).reduce((sum, shape) => sum + size(shape), 0);
  const projected = 8 * (placesOf(config.image).count + completeBertConfig(config.text).max_position_embeddings) * config.output_dim;
  return estimateStepMemory(
    { parameters, trained: parameters, activations: imageActivations(config) + bertActivations(config) + projected },
    optimisation,
  );
}

/** The same of stage 2. */
export function estimateWriterMemory(config: WriterConfig, optimisation: Optimisation): MemoryEstimate {
  const shapes = Object.entries(writerShapes(config));
  const parameters = shapes.reduce((sum, [, shape]) => sum + size(shape), 0);
  const trained = shapes.reduce((sum, [path, shape]) => sum + (isOfCaseReader(path) ? 0 : size(shape)), 0);
  const {
    d_model: width,
    d_ff,
    num_layers,
    num_heads,
    rm_num_slots: slots,
    max_seq_length: L,
    vocab_size,
  } = completeR2GenConfig(config.decoder);
  const places = placesOf(config.image).count;
  const fused =
    config.reads.length *
    config.fusion.layers *
    places *
    (2 * LAYER.width * config.output_dim + LAYER.inner * config.fusion.intermediate_size);
  const encoder = num_layers * (places * (LAYER.width * width + LAYER.inner * d_ff) + 2 * num_heads * places * places);
  const norms = 6 * SLOT * width; // three norms of a layer, scale and shift
  const decoder = num_layers * L * (2 * LAYER.width * width + LAYER.inner * d_ff + norms + 2 * num_heads * (L + places));
  const memory = L * slots * SLOT * width;
  const activations =
    imageActivations(config) + config.reads.length * bertActivations(config) + fused + encoder + decoder + memory + 3 * L * vocab_size;
  return estimateStepMemory({ parameters, trained, activations }, optimisation);
}
