/** How networks of images and texts are trained in evaluations. */

import type { Optimisation } from '../../training';

/** Images of a step, of both networks of texts: twice ConVIRT's 32, since images are small. */
export const BATCH_SIZE = 64;
/** How often an image is seen at most: a few images are soon known by heart. */
const EPOCHS = 40;

/** Steps of a training: `most`, or fewer where there are few images. */
export const stepsFor = (images: number, most: number): number => Math.min(most, Math.ceil((EPOCHS * images) / BATCH_SIZE));

/** AdamW with a cosine, for as many steps as images are worth. */
export const optimisationFor = (
  images: number,
  { steps, peak, warmup }: Readonly<Record<'steps' | 'peak' | 'warmup', number>>,
): Optimisation => ({
  steps: stepsFor(images, steps),
  batch_size: BATCH_SIZE,
  learning_rate: { peak, schedule: 'cosine', warmup, floor: 0.02 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
  precision: 'float32',
});
