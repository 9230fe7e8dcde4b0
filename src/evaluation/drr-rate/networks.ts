/** The networks that an evaluation trains, kept in its folder: what was interrupted goes on. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose, foldIn, type Key } from '../../engine';
import {
  cheXNetFile,
  type DomainImages,
  type DrrRateRecipe,
  type InputView,
  type LearntImages,
  loadCheXNet,
  predictLabels,
  saveCheXNet,
  trainCheXNet,
  trainingIdentity,
  treeOf,
} from '../../systems';
import { hashOf } from '../hash-of';
import type { Scored } from './measure';

export interface TrainingPlace {
  readonly recipe: DrrRateRecipe;
  readonly out: string;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** Images that a network is measured on. */
export interface MeasuredImages {
  readonly images: DomainImages;
  readonly rows?: Int32Array;
}

/**
 * Trains a network, or takes it from the folder.
 *
 * @param name  for a bar
 * @param tests what it then says of each of these
 * @throws the signal's reason: networks that are trained stay
 */
export async function scoresOf(
  { recipe, out, key, signal, onProgress }: TrainingPlace,
  name: string,
  sets: readonly LearntImages[],
  views: readonly InputView[],
  tests: readonly MeasuredImages[],
): Promise<Scored[]> {
  const own = foldIn(key, 1);
  const identity = trainingIdentity({ recipe, sets, views, key: own });
  const folder = join(out, 'networks', hashOf(identity).slice(0, 16));
  const model = existsSync(cheXNetFile(folder))
    ? await loadCheXNet(folder)
    : await trainCheXNet({
        recipe,
        sets,
        views,
        key: own,
        ...(signal && { signal }),
        checkpoints: { folder: join(folder, 'checkpoints'), identity, resume: 'always', every: recipe.run.checkpoint_every },
        onStep: ({ step, steps }) => onProgress?.(`training: ${name}`, step, steps),
      }).then(async (trained) => {
        await saveCheXNet(folder, trained);
        return trained;
      });
  try {
    const scored: Scored[] = [];
    for (const { images, rows } of tests) {
      const scores = await predictLabels(model, images, { ...(rows && { rows }), ...(signal && { signal }) });
      const shown = rows ? Array.from(rows, (i) => images.images[i]!) : images.images;
      scored.push({ images: shown, labels: model.config.labels, scores });
    }
    return scored;
  } finally {
    dispose(treeOf(model.params));
  }
}
