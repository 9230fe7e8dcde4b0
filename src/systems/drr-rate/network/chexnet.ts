/** CheXNet (Rajpurkar et al. 2017, arXiv:1711.05225): a DenseNet whose outputs are findings; with a lateral view as a second input, one for each view whose logits add up. */

import * as tf from '@tensorflow/tfjs-core';
import { type Key, scope, split, type Tree } from '../../../engine';
import type { BatchStatistics } from '../../../nn';
import { type DenseNetConfig, type DenseNetParams, densenet, initDenseNet } from '../../../vision';
import { densenetShapes } from '../../../vision/internal';
import type { InputView } from '../data/domain-images';

export interface CheXNetConfig {
  readonly model_type: 'chexnet';
  /** Pixels a side. */
  readonly size: number;
  readonly views: readonly InputView[];
  /** In the order of the outputs. */
  readonly labels: readonly string[];
  /** Of each view's network: one channel in, a class for each label. */
  readonly densenet: DenseNetConfig;
}

/** By view. */
export type CheXNetParams = { readonly [view in InputView]?: DenseNetParams };

/** What a network is shown: grey images of each of its views, [B, size, size, 1], 0 to 1. */
export type CheXNetInput = { readonly [view in InputView]?: tf.Tensor4D };

/** Random weights; the caller disposes them. */
export function initCheXNet({ views, densenet: config }: CheXNetConfig, key: Key): CheXNetParams {
  const keys = split(key, views.length);
  return Object.fromEntries(views.map((view, i) => [view, initDenseNet(config, keys[i]!)])) as CheXNetParams;
}

/** Shapes of one view's network. */
export const viewShapes = ({ densenet: config }: CheXNetConfig): Record<string, number[]> => densenetShapes(config);

/**
 * A linear layer on the features of all views side by side is a linear layer on each, summed.
 *
 * @param statistics of the batch, in training mode
 * @returns logits, [B, labels]; the caller disposes it
 */
export function chexnet(
  { views, densenet: config }: CheXNetConfig,
  params: CheXNetParams,
  input: CheXNetInput,
  statistics?: BatchStatistics,
): tf.Tensor2D {
  return scope(
    () =>
      tf.addN(
        views.map((view) => densenet(config, params[view]!, input[view]!, { ...(statistics && { statistics }) }).logits),
      ) as tf.Tensor2D,
  );
}

/** A trained network. */
export interface CheXNetModel {
  readonly config: CheXNetConfig;
  /** The caller disposes it. */
  readonly params: CheXNetParams;
}

/** The parameters as the tree that they are. */
export const treeOf = (params: CheXNetParams): Tree => params as unknown as Tree;
