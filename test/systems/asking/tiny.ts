/** Recipes of a few parameters and steps, and a dozen images of the phantom. */

import {
  type CheXagentRecipe,
  type LlavaRecipe,
  loadCheXagentRecipe,
  loadLlavaRecipe,
  phantomRadiographs,
  type Radiographs,
} from 'roentgen-lab/systems';
import type { ImageEncoderConfig } from 'roentgen-lab/vision';

export const SIZE = 16;

type Staged = { readonly stages: Readonly<Record<string, { readonly steps: number } | undefined>> };

/** The recipe with so many steps of each stage. */
function quick<R extends Staged>(recipe: R, steps: number): R {
  const stages = Object.entries(recipe.stages).map(([stage, optimisation]) => [stage, { ...optimisation, steps, batch_size: 3 }]);
  return { ...recipe, stages: Object.fromEntries(stages) };
}

const language = {
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 400,
  initializer_range: 0.3,
};

export async function tinyLlava(steps = 4): Promise<LlavaRecipe> {
  const vision = { layers: 1, width: 8, head_width: 4, patch_size: 8, image_size: SIZE };
  return quick(
    {
      ...(await loadLlavaRecipe('small')),
      vision,
      language,
      vocabulary_size: 560,
      text_length: 200,
      phantom: { train: 12, test: 6, texts: 6 },
    },
    steps,
  );
}

/** The first version's: a ResNet of bottlenecks, four places of its second stage. */
export async function tinyFirstLlava(steps = 4): Promise<LlavaRecipe> {
  const { alignment } = (await loadLlavaRecipe('first-version')).stages;
  const { stages, ...tiny } = await tinyLlava(steps);
  const vision: ImageEncoderConfig = {
    size: SIZE,
    resnet: { block: 'Bottleneck', layers: [1, 1, 1, 1], planes: [2, 4, 4, 4], stem: 4 },
    places: 'layer2',
  };
  const recipe: LlavaRecipe = { ...tiny, vision, learns: 'labels and their texts', stages: { ...stages, ...(alignment && { alignment }) } };
  return quick(recipe, steps);
}

export async function tinyCheXagent(steps = 4): Promise<CheXagentRecipe> {
  const small = await loadCheXagentRecipe('small');
  const vision = { ...small.vision, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, image_size: SIZE };
  const qformer = { ...small.qformer, hidden_size: 8, intermediate_size: 12, encoder_hidden_size: 8 };
  const tasks = ['View Classification', 'Findings Generation', 'Difference VQA', 'Natural Language Inference'];
  return quick(
    {
      ...small,
      vision,
      qformer,
      queries: 2,
      language: { ...language, num_key_value_heads: 1, sliding_window: 64 },
      vocabulary_size: 560,
      text_length: 260,
      instruct: { per_task: 6, tasks },
      phantom: { train: 12, test: 6, texts: 6 },
    },
    steps,
  );
}

/** Of a few patients with several studies each. */
export const tinyRadiographs = (seed = 81): Promise<Radiographs> =>
  phantomRadiographs({ seed, count: 12, views: ['PA', 'AP', 'LATERAL'] }, SIZE);

export const TEXTS = ['No pleural effusion.', 'The heart is enlarged. There is a left effusion.', 'Clear lungs.'] as const;
