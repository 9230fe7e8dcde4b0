/** CheXNet's training from random weights, on the images of one domain or of several. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, scope, split } from '../../../engine';
import type { Watched } from '../../../training';
import { dataOrder, headsLoss, presenceHeads, trainNormalised } from '../../../training/internal';
import { type DomainImages, type InputView, identityOf, pixelsOf } from '../data/domain-images';
import { answersOf, labelsOfDomains } from '../labels';
import { type CheXNetConfig, type CheXNetInput, type CheXNetModel, type CheXNetParams, chexnet, initCheXNet } from '../network/chexnet';
import { randomResizedCrops } from './random-resized-crop';
import type { DrrRateRecipe } from './recipe';

/** Images to learn from: a set, or some of its rows. */
export interface LearntImages {
  readonly images: DomainImages;
  readonly rows?: Int32Array;
}

export interface TrainCheXNetOptions extends Watched {
  readonly recipe: DrrRateRecipe;
  readonly sets: readonly LearntImages[];
  readonly views: readonly InputView[];
  readonly key: Key;
}

type Batch = { readonly input: CheXNetInput; readonly answers: tf.Tensor2D };

/** The network that a recipe makes of domains and views. */
export function cheXNetConfig(
  { size, densenet, labels: which }: DrrRateRecipe,
  sets: readonly LearntImages[],
  views: readonly InputView[],
): CheXNetConfig {
  const labels = labelsOfDomains([...new Set(sets.map(({ images }) => images.domain))], which);
  return { model_type: 'chexnet', size, views, labels, densenet: { ...densenet, in_channels: 1, num_classes: labels.length } };
}

/** What trained weights follow from, beside the code. */
export const trainingIdentity = ({ recipe, sets, views, key }: Pick<TrainCheXNetOptions, 'recipe' | 'sets' | 'views' | 'key'>): string => {
  const { size, densenet, labels, crop, optimisation } = recipe;
  const seen = sets.map(({ images, rows }) => [identityOf(images, views), rows === undefined ? null : Array.from(rows)]);
  return JSON.stringify([size, densenet, labels, crop, optimisation, views, key, seen]);
};

/**
 * Trains by the binary cross-entropy of all labels that are known. A label of one domain alone is not known of the other's images.
 *
 * @throws RangeError where views or sizes do not fit; the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function trainCheXNet(
  options: TrainCheXNetOptions,
): Promise<CheXNetModel & { readonly seconds: number; readonly steps: number }> {
  const { recipe, sets, views, key, signal, checkpoints, onStart, onStep } = options;
  const { size, crop, optimisation } = recipe;
  const config = cheXNetConfig(recipe, sets, views);
  const { labels } = config;
  const heads = presenceHeads(labels);
  const places = sets.flatMap(({ images, rows = allRows(images) }, set) => Array.from(rows, (row) => ({ set, row })));
  const known = sets.map(({ images }) =>
    answersOf(
      images.images.map((image) => image.labels),
      labels,
    ),
  );
  for (const { images } of sets)
    for (const view of views)
      if (pixelsOf(images, view).width !== size * size) throw new RangeError(`chexnet: expected images of ${size} × ${size} pixels`);
  const [initial, ordering, cropping] = split(key, 3) as [Key, Key, Key];
  const order = dataOrder(ordering, places.length, optimisation.batch_size);
  const read = async (chosen: readonly (typeof places)[number][], view: InputView): Promise<Float32Array> => {
    const out = new Float32Array(chosen.length * size * size);
    for (const [set, { images }] of sets.entries()) {
      const mine = chosen.flatMap((place, at) => (place.set === set ? [{ at, row: place.row }] : []));
      const values = await pixelsOf(images, view).read(mine.map(({ row }) => row));
      for (const [i, { at }] of mine.entries()) out.set(values.subarray(i * size * size, (i + 1) * size * size), at * size * size);
    }
    return out;
  };
  const batch = async (index: number): Promise<Batch> => {
    const chosen = Array.from(order(index), (i) => places[i]!);
    const input: Partial<Record<InputView, tf.Tensor4D>> = {};
    for (const [v, view] of views.entries()) {
      const cropped = randomResizedCrops(await read(chosen, view), size, crop, foldIn(foldIn(cropping, index), v));
      input[view] = tf.tensor4d(cropped, [chosen.length, size, size, 1]);
    }
    const answers = Int32Array.from(
      chosen.flatMap(({ set, row }) => Array.from(known[set]!.subarray(row * labels.length, (row + 1) * labels.length))),
    );
    return { input, answers: tf.tensor2d(answers, [chosen.length, labels.length], 'int32') };
  };
  const { params, seconds, log } = await trainNormalised<CheXNetParams, Batch>({
    params: initCheXNet(config, initial),
    batch,
    loss: (weights, { input, answers }, statistics) => scope(() => headsLoss(heads, chexnet(config, weights, input, statistics), answers)),
    optimisation,
    ...(signal && { signal }),
    ...(checkpoints && { checkpoints }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
  });
  return { config, params, seconds, steps: log.length };
}

const allRows = ({ images }: DomainImages): Int32Array => Int32Array.from({ length: images.length }, (_, i) => i);
