/** One face for every kind of text encoder: what it is, its weights, and from ids to the context of the U-Net. */

import type * as tf from '@tensorflow/tfjs-core';
import type { Key, Tree } from '../engine';
import { bertFamily } from './bert-family';
import { clipFamily } from './clip-family';
import type { EncoderFamily, TextEncoderFacts, TextEncoderInit, TextStates } from './family';
import { t5Family } from './t5-family';

/** Every family; a config's `model_type` says which. The first takes configs without one too, as CLIP's may be, and refuses others. */
const families: readonly [typeof clipFamily, typeof bertFamily, typeof t5Family] = [clipFamily, bertFamily, t5Family];

type ConfigOf<F> = F extends EncoderFamily<infer C, infer _> ? C : never;
type ParamsOf<F> = F extends EncoderFamily<infer _, infer P> ? P : never;

/** The JSON of a text encoder; `model_type` says which, and CLIP may leave it out. */
export type TextEncoderConfig = ConfigOf<(typeof families)[number]>;

export type TextEncoderParams = ParamsOf<(typeof families)[number]>;

/** A text encoder's network: config and weights that belong together. `TextEncoder` is one with its tokenizer. */
export interface TextEncoderModel {
  readonly config: TextEncoderConfig;
  /** The caller disposes it. */
  readonly params: TextEncoderParams;
}

/** Every `model_type` that is understood. */
export const textModelTypes: readonly string[] = families.flatMap(({ modelTypes }) => modelTypes);

/** Every class that `model_index.json` may name for a text encoder. */
export const textEncoderClasses: readonly string[] = families.flatMap(({ classNames }) => classNames);

/** The family of a config. */
export function familyOf({ model_type: type }: TextEncoderConfig): EncoderFamily<TextEncoderConfig, TextEncoderParams> {
  return families.find(({ modelTypes }) => type !== undefined && modelTypes.includes(type)) ?? families[0];
}

/**
 * What a config says.
 *
 * @throws RangeError where it asks for a network that is not computed here, naming the key
 */
export function textEncoderFacts(config: TextEncoderConfig): TextEncoderFacts {
  return familyOf(config).facts(config);
}

/** Random weights, as transformers starts the class. The caller disposes the tree. */
export function initTextEncoder(config: TextEncoderConfig, key: Key, init?: TextEncoderInit): TextEncoderParams {
  return familyOf(config).init(config, key, init);
}

/** Every parameter's shape by its key, in the engine's layout, with a pooler only where `keys` has one; nothing is allocated. */
export function textEncoderShapes(config: TextEncoderConfig, keys?: ReadonlySet<string>): Record<string, number[]> {
  return familyOf(config).shapes(config, keys);
}

/**
 * The states that the U-Net attends to: the last layer's, after the final norm where there is one.
 *
 * @param ids  int32 [B, L]
 * @param mask 1 for tokens, 0 for padding, [B, L]; without it all are attended to
 * @returns    [B, L, width], rows of padding too; the caller disposes it
 */
export function textContext(config: TextEncoderConfig, params: TextEncoderParams, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D {
  return familyOf(config).context(config, params, ids, mask);
}

/**
 * What each layer makes of the tokens: [0] the embeddings, [i] the output of layer i, of CLIP before the final norm.
 *
 * @param mask as for `textContext`
 * @returns    [B, L, width] each; the caller disposes them
 */
export function textHiddenStates(
  config: TextEncoderConfig,
  params: TextEncoderParams,
  ids: tf.Tensor2D,
  mask?: tf.Tensor2D,
): tf.Tensor3D[] {
  return familyOf(config).hiddenStates(config, params, ids, mask);
}

/**
 * Contexts, and one vector per text.
 *
 * @param mask  1 for tokens, 0 for padding, [B, L]: over which the mean is taken, and where `masks`, what is attended to
 * @param masks whether padding is masked; by default as the kind is used alone
 */
export function textStates(
  config: TextEncoderConfig,
  params: TextEncoderParams,
  ids: tf.Tensor2D,
  mask: tf.Tensor2D,
  masks: boolean = textEncoderFacts(config).masks,
): TextStates {
  return familyOf(config).states(config, params, ids, mask, masks ? mask : undefined);
}

/** Weights by what they are for. */
export interface TextEncoderParts {
  /** What the context depends on. */
  readonly used: TextEncoderParams;
  /** BERT's pooler, CLIP's projection: no gradient of a context reaches them. */
  readonly rest: Readonly<Record<string, Tree>>;
}

const UNUSED: readonly string[] = families.flatMap(({ unused }) => unused);

/** Divides an encoder's weights; the tensors are the same. */
export function contextParts(params: TextEncoderParams): TextEncoderParts {
  const parts = Object.entries<Tree | undefined>(params);
  const unused = (name: string): boolean => UNUSED.includes(name);
  return {
    used: Object.fromEntries(parts.filter(([name]) => !unused(name))) as TextEncoderParams,
    rest: Object.fromEntries(parts.filter((part): part is [string, Tree] => unused(part[0]) && part[1] !== undefined)),
  };
}
