import { type DrrRateRecipe, loadDrrRateRecipe } from 'roentgen-lab/systems';

/** A recipe whose trainings take a second. */
export async function tinyRecipe(steps: number): Promise<DrrRateRecipe> {
  const small = await loadDrrRateRecipe('small');
  return {
    ...small,
    name: 'tiny',
    size: 32,
    densenet: { growth_rate: 4, block_config: [1, 1], num_init_features: 8, bn_size: 2 },
    optimisation: { ...small.optimisation, steps, batch_size: 8, learning_rate: { ...small.optimisation.learning_rate, warmup: 0 } },
    phantom: { ...small.phantom, counts: { drr: { train: 14, test: 8 }, 'x-ray': { train: 20, test: 8 } }, spacing: 10 },
    run: { checkpoint_every: 2 },
  };
}
