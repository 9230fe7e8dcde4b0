/** Training of the network over text and codes. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, type Key, split, type Tree, uniformArray } from '../../../engine';
import { merge, partition, permutation } from '../../../engine/internal';
import { orthogonalFeatures } from '../../../nn/internal';
import { type StepLog, train, type Watched } from '../../../training';
import { dataOrder } from '../../../training/internal';
import type { TokenisedStudy } from '../data/tokens';
import { checkViewxgenConfig, type ViewxgenConfig } from '../network/config';
import { type ViewxgenBatch, viewxgenLoss } from '../network/loss';
import { initViewxgen, type ViewxgenParams, withProjections } from '../network/params';
import { type Arranged, arrange, sequenceBatch } from '../sequence/arrange';
import { sequenceLength } from '../sequence/tokens';
import type { LearntPart, ViewxgenRecipe } from './recipe';

export interface TrainSequenceOptions extends Watched {
  readonly recipe: Pick<ViewxgenRecipe, 'learns' | 'dropout' | 'redraw_every' | 'optimisation'>;
  readonly config: ViewxgenConfig;
  readonly studies: readonly TokenisedStudy[];
  readonly key: Key;
}

/** A batch as the loss takes it, but plain: a type that trees can be. */
type Batch = Pick<ViewxgenBatch, keyof ViewxgenBatch>;

/**
 * The parts of a study in an order that is drawn: any, where both kinds are learnt; what is learnt last, where only one is. Targets of the other kind are taken out.
 */
function arranged(config: ViewxgenConfig, { text, images }: TokenisedStudy, learns: LearntPart, key: Key): Arranged {
  const of = <T>(items: readonly T[], from: Key): T[] => Array.from(permutation(from, items.length), (i) => items[i]!);
  if (learns === 'both') return arrange(config, of([text, ...images], key));
  const shuffled = of(images, key);
  const whole = arrange(config, learns === 'text' ? [...shuffled, text] : [text, ...shuffled]);
  const isText = (i: number): boolean => whole.positions[i]! < config.text_length;
  return { ...whole, targets: whole.targets.map((target, i) => (isText(i) === (learns === 'text') ? target : -1)) };
}

/** Random rows of all layers, [depth, features, dim_head]. */
function projectionsAt({ depth, features, dim_head }: ViewxgenConfig, key: Key): tf.Tensor3D {
  const layers = Array.from({ length: depth }, (_, i) => orthogonalFeatures(features, dim_head, foldIn(key, i)));
  const out = tf.stack(layers) as tf.Tensor3D;
  dispose(...layers);
  return out;
}

/**
 * Trains from random weights.
 *
 * @returns the caller disposes the parameters
 * @throws RangeError where sizes do not fit; the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function trainSequence(
  options: TrainSequenceOptions,
): Promise<{ params: ViewxgenParams; seconds: number; log: readonly StepLog[] }> {
  const { recipe, config, studies, key, signal, onStart, onStep, checkpoints } = options;
  checkViewxgenConfig(config);
  const { learns, dropout, redraw_every = Number.POSITIVE_INFINITY, optimisation } = recipe;
  const { batch_size: B, steps, accumulation = 1 } = optimisation;
  const [initial, ordering, shuffling, dropping, projecting] = split(key, 5) as [Key, Key, Key, Key, Key];
  const order = dataOrder(ordering, studies.length, B);
  const drawnAt = (step: number): Key => foldIn(projecting, Math.floor(step / redraw_every));
  const batch = (index: number): Batch => {
    const from = foldIn(shuffling, index);
    const rows = Array.from(order(index), (row, b) => arranged(config, studies[row]!, learns, foldIn(from, b)));
    return {
      ...sequenceBatch(config, rows),
      ...(dropout > 0 && { dropped: dropped([B, sequenceLength(config), config.dim], dropout, foldIn(dropping, index)) }),
      ...(config.attention !== 'exact' && { projections: projectionsAt(config, drawnAt(Math.floor(index / accumulation))) }),
    };
  };
  const [params, frozen] = partition(initViewxgen(config, initial) as Tree, (path) => !path.endsWith('projection_matrix'));
  const result = await train<Tree, Batch, Tree>({
    params,
    frozen,
    handOver: true,
    batch,
    loss: (weights, inputs, fixed) => viewxgenLoss(config, merge<ViewxgenParams & Tree>(weights, fixed), inputs),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  const trained = merge<ViewxgenParams & Tree>(result.params, result.frozen);
  if (result.interrupted) {
    dispose(trained as Tree);
    signal?.throwIfAborted();
    throw new Error('the training was interrupted; run it again');
  }
  // The rows of the last step: the weights know these.
  return { params: withProjections(trained, config, drawnAt(steps - 1)), seconds: result.seconds, log: result.log };
}

/** Factors: 0, and 1 / (1 - rate) for what stays. */
function dropped(shape: [number, number, number], rate: number, key: Key): tf.Tensor3D {
  const drawn = uniformArray(key, shape[0] * shape[1] * shape[2]);
  return tf.tensor3d(
    drawn.map((value) => (value < rate ? 0 : 1 / (1 - rate))),
    shape,
  );
}
