/** The keys that a recipe may have: a misspelt one would otherwise be a setting that silently does nothing. `comment` may stand anywhere. */

/** `true` stands for anything, such as a network's config; a key that ends in `?` may be left out. */
type Shape = true | { readonly [key: string]: Shape };

const learningRate: Shape = { peak: true, schedule: true, warmup: true, floor: true, 'peaks?': true };
const optimisation: Shape = {
  steps: true,
  batchSize: true,
  'accumulation?': true,
  learningRate,
  betas: true,
  epsilon: true,
  weightDecay: true,
  clipNorm: true,
  'emaDecay?': true,
};

const RECIPE: Shape = {
  name: true,
  size: true,
  tokenizer: { vocabulary_size: true, max_length: true },
  vae: {
    config: true,
    weights: { reconstruction: true, gradient: true, kl: true, 'perceptual?': true, 'adversarial?': { weight: true, from: true } },
    optimisation,
    'flip?': true,
    'checkpointing?': true,
  },
  unet: true,
  text_encoder: { config: true, token_std: true },
  scheduler: true,
  diffusion: {
    'strategy?': true,
    text_dropout: true,
    'min_snr_gamma?': true,
    'noise_offset?': true,
    'input_perturbation?': true,
    'checkpointing?': true,
    optimisation,
  },
  sampling: { steps: true, guidance: true },
  data: { train: true, test: true, 'views?': true },
  classifier: { channels: true, hidden: true, optimisation },
  evaluation: { pictures: true },
  'run?': { 'checkpoint_every?': true, 'checkpoints_kept?': true, 'sample_every?': true, 'sample_prompts?': true },
  expect: { fidRatio: true, 'startRatio?': true, 'auroc?': true, 'side?': true },
};

/** @throws RangeError listing keys that are unknown or missing, with what could stand there */
export function checkKeys(recipe: unknown, where: string): void {
  const problems: string[] = [];
  const visit = (value: unknown, shape: Shape, path: string): void => {
    if (shape === true) return;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${path || 'the recipe'}: expected an object, got ${JSON.stringify(value)}`);
      return;
    }
    const at = (key: string): string => (path ? `${path}.${key}` : key);
    const known = new Map(Object.entries(shape).map(([key, inner]) => [key.replace('?', ''), inner]));
    for (const key of Object.keys(value))
      if (!known.has(key) && key !== 'comment') problems.push(`${at(key)} is unknown (there are ${[...known.keys()].join(', ')})`);
    for (const [key, inner] of Object.entries(shape)) {
      const name = key.replace('?', '');
      if (name in value) visit((value as Record<string, unknown>)[name], inner, at(name));
      else if (name === key) problems.push(`${at(name)} is missing`);
    }
  };
  visit(recipe, RECIPE, '');
  if (problems.length > 0) throw new RangeError(`${where}: ${problems.join('; ')}`);
}
