/** What CheXNet's training needs of memory, before it takes it. */

import type { MemoryEstimate } from '../../../experiments';
import { estimateStepMemory } from '../../../experiments/internal';
import type { InputView } from '../data/domain-images';
import { viewShapes } from '../network/chexnet';
import type { DrrRateRecipe } from './recipe';
import { cheXNetConfig, type LearntImages } from './train';

/** Values that a layer leaves for the way back, for each place and channel of its input and of what it makes: two norms, their centred inputs, ReLUs, joined maps. */
const LAYER = 10;

/** MiB of a layer in the step's graph, whatever its size: what the recipe `laptop` takes beyond the rest (1,050 MiB). */
const GRAPH = 6;

/** The peak of a training step. */
export function estimateCheXNetMemory(recipe: DrrRateRecipe, sets: readonly LearntImages[], views: readonly InputView[]): MemoryEstimate {
  const config = cheXNetConfig(recipe, sets, views);
  const parameters = Object.values(viewShapes(config)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const {
    growth_rate: growth = 32,
    block_config: blocks = [6, 12, 24, 16],
    num_init_features: first = 64,
    bn_size: width = 4,
  } = recipe.densenet;
  let channels = first;
  let activations = LAYER * first * (recipe.size / 2) ** 2;
  blocks.forEach((layers, block) => {
    const places = (recipe.size / 2 ** (block + 2)) ** 2;
    for (let i = 0; i < layers; i++, channels += growth) activations += LAYER * places * (channels + width * growth);
    if (block < blocks.length - 1) channels = Math.floor(channels / 2);
  });
  const times = views.length;
  const values = { parameters: times * parameters, trained: times * parameters, activations: times * activations };
  const { MiB, parts } = estimateStepMemory(values, recipe.optimisation);
  const graph = GRAPH * times * blocks.reduce((sum, layers) => sum + layers, 0);
  return { MiB: MiB + graph, parts: { ...parts, engine: parts.engine + graph } };
}
