/**
 * What a recipe may hold: its keys, since a misspelt one would otherwise be a setting that silently does nothing, and what their values must be, so that
 * it is refused before anything is built for it. `comment` may stand anywhere.
 */

/** Whether a value will do; if not, what was expected. */
type Check = (value: unknown) => string | undefined;

/** `true` stands for what is checked elsewhere, such as a network's config; a key that ends in `?` may be left out. */
export type Shape = true | Check | { readonly [key: string]: Shape };

const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `a whole number from ${least} to ${most}`;
const number =
  (least: number, most = 3e38): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most
      ? undefined
      : most < 3e38
        ? `a number from ${least} to ${most}`
        : `a number from ${least}`;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value) ? undefined : values.map((one) => JSON.stringify(one)).join(' or ');
const text: Check = (value) => (typeof value === 'string' ? undefined : 'a text');
const object: Check = (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object');
const list =
  (each: Check, length?: number): Check =>
  (value) => {
    const wrong = Array.isArray(value) ? value.map(each).find((expected) => expected !== undefined) : 'values';
    if (wrong !== undefined) return `a list, each ${wrong}`;
    return length !== undefined && (value as unknown[]).length !== length ? `a list of ${length}` : undefined;
  };

/** What is counted, far beyond what can be run, so that no list is made for more. */
const count = (least: number): Check => whole(least, 10_000_000);
const flag = oneOf(true, false);

const learningRate: Shape = { peak: true, schedule: true, warmup: true, floor: true, 'peaks?': object };
/** Its numbers: `checkOptimisation`. */
const optimisation: Shape = {
  steps: true,
  batchSize: true,
  'accumulation?': true,
  learningRate,
  betas: list(number(0, 1), 2),
  epsilon: true,
  weightDecay: true,
  clipNorm: true,
  'emaDecay?': true,
};
const tokenizer: Shape = { vocabulary_size: count(1), max_length: whole(1, 100_000) };

export const RECIPE: Shape = {
  name: text,
  size: whole(1, 16_384),
  tokenizer,
  vae: {
    config: object,
    weights: {
      reconstruction: oneOf('l1', 'l2'),
      gradient: number(0),
      kl: number(0),
      'perceptual?': number(0),
      'adversarial?': { weight: number(0), from: whole(0, 1e9) },
    },
    optimisation,
    'flip?': number(0, 1),
    'checkpointing?': flag,
  },
  unet: object,
  text_encoder: { config: object, token_std: number(0) },
  scheduler: object,
  diffusion: {
    'strategy?': object,
    text_dropout: number(0, 1),
    'min_snr_gamma?': number(0),
    'noise_offset?': number(0),
    'input_perturbation?': number(0),
    'checkpointing?': flag,
    optimisation,
  },
  sampling: { steps: count(1), guidance: number(0) },
  data: { train: count(1), test: count(0), 'views?': list(oneOf('PA', 'AP', 'LATERAL')) },
  classifier: { channels: list(count(1), 3), hidden: count(1), optimisation },
  evaluation: { pictures: count(1) },
  'run?': { 'checkpoint_every?': count(1), 'checkpoints_kept?': count(1), 'sample_every?': count(1), 'sample_prompts?': count(1) },
  expect: { fidRatio: number(0), 'startRatio?': number(0), 'auroc?': number(0, 1), 'side?': number(0, 1) },
};

export const ENCODER_RECIPE: Shape = {
  name: text,
  tokenizer,
  config: object,
  optimisation,
  texts: { impressions: count(0), prompts: count(0) },
};

/** @throws RangeError listing keys that are unknown or missing and values that will not do, with what could stand there */
export function checkKeys(recipe: unknown, shape: Shape, where: string): void {
  const problems: string[] = [];
  const wrong = (path: string, expected: string, got: unknown): void => {
    const shown = typeof got === 'number' ? String(got) : JSON.stringify(got)?.slice(0, 100);
    problems.push(`${path || 'the recipe'}: expected ${expected}, got ${shown}`);
  };
  const visit = (value: unknown, expected: Shape, path: string): void => {
    if (expected === true) return;
    const problem = typeof expected === 'function' ? expected(value) : object(value);
    if (problem !== undefined) wrong(path, problem, value);
    if (problem !== undefined || typeof expected === 'function') return;
    const at = (key: string): string => (path ? `${path}.${key}` : key);
    const known = new Map(Object.entries(expected).map(([key, inner]) => [key.replace('?', ''), inner]));
    for (const key of Object.keys(value as object))
      if (!known.has(key) && key !== 'comment') problems.push(`${at(key)} is unknown (there are ${[...known.keys()].join(', ')})`);
    for (const [key, inner] of Object.entries(expected)) {
      const name = key.replace('?', '');
      if (Object.hasOwn(value as object, name)) visit((value as Record<string, unknown>)[name], inner, at(name));
      else if (name === key) problems.push(`${at(name)} is missing`);
    }
  };
  visit(recipe, shape, '');
  if (problems.length > 0) throw new RangeError(`${where}: ${problems.join('; ')}`);
}
