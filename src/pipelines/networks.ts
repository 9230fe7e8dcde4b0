/** A model's networks, compiled once and used again: graphs are kept per model, the weights stay the model's. */

import * as tf from '@tensorflow/tfjs-core';
import type { TextEncoderParams, TextStates } from '../encoders';
import { textStates } from '../encoders/internal';
import { compileNetwork, type Network, scope, type Tree } from '../engine';
import { decode, encode, type Posterior } from '../vae';
import { type GuidedInputs, predictGuided } from './guidance';
import type { Model } from './model';
import { projectContext } from './text-projection';

/** Trees, and undefined where there is no such input. */
type Inputs = (Tree | undefined)[];

interface Entry {
  readonly config: string;
  readonly run: Network<Tree, Inputs, Tree>;
}

const cache = new WeakMap<Model, Map<string, Entry>>();

/**
 * The compiled network of this name on the model's present weights.
 *
 * @param fn the same for all calls with this name and configuration
 */
function network<P extends Tree, I extends Inputs>(
  model: Model,
  name: string,
  part: { readonly config: object; readonly params: P },
  fn: (params: P, ...inputs: I) => Tree,
): { run(...inputs: I): Tree } {
  const entries = cache.get(model) ?? new Map<string, Entry>();
  cache.set(model, entries);
  const config = JSON.stringify(part.config);
  let entry = entries.get(name);
  if (entry?.config !== config) {
    entry?.run.dispose();
    entry = { config, run: compileNetwork(fn as unknown as (params: Tree, ...inputs: Inputs) => Tree) };
    entries.set(name, entry);
  }
  const { run } = entry;
  return { run: (...inputs) => run(part.params, ...inputs) };
}

/** @returns the guided prediction of the U-Net, [B, h, w, C]; the caller disposes it */
export function runGuided(model: Model, inputs: GuidedInputs): tf.Tensor4D {
  const { unet } = model;
  return network(model, 'unet', unet, (params, given: GuidedInputs) => predictGuided(unet.config, params, given)).run(
    inputs,
  ) as tf.Tensor4D;
}

/** @returns the image of unscaled latents, [B, H, W, C]; the caller disposes it */
export function runDecoder(model: Model, z: tf.Tensor4D): tf.Tensor4D {
  const { vae } = model;
  return network(model, 'decoder', vae, (params, x: tf.Tensor4D) => decode(vae.config, params, x)).run(z) as tf.Tensor4D;
}

/** @returns the distribution of an image's unscaled latents; the caller disposes it */
export function runEncoder(model: Model, image: tf.Tensor4D): Posterior {
  const { vae } = model;
  return network(model, 'encoder', vae, (params, x: tf.Tensor4D) => encode(vae.config, params, x)).run(image) as Posterior;
}

/**
 * The text encoder alone, before any projection.
 *
 * @param mask 1 for tokens, 0 for padding, [B, L]: means are taken over the tokens; padding is masked where the encoder's config says
 *             `use_attention_mask`
 * @returns    the caller disposes it
 */
export function runTextStates(model: Model, ids: tf.Tensor2D, mask: tf.Tensor2D): TextStates {
  const { textEncoder } = model;
  const masks = textEncoder.config.use_attention_mask === true;
  const step = network(model, 'text', textEncoder as { config: object; params: Tree }, (params, x: tf.Tensor2D, m: tf.Tensor2D) =>
    textStates(textEncoder.config, params as unknown as TextEncoderParams, x, m, masks),
  );
  return step.run(ids, mask) as TextStates;
}

/**
 * @param mask 1 for tokens, 0 for padding, [B, L]; needed where the encoder's config says `use_attention_mask`
 * @returns    what the U-Net attends to: the text encoder's last hidden states, projected where there is a projection, [B, L, C]; the caller
 *             disposes it
 * @throws Error where the encoder needs a mask and none is given
 */
export function runTextEncoder(model: Model, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D {
  const { textEncoder, textProjection } = model;
  if (textEncoder.config.use_attention_mask === true && !mask)
    throw new Error("runTextEncoder: mask: the text encoder's config says use_attention_mask; give the texts' mask");
  return scope(() => {
    const { context } = runTextStates(model, ids, mask ?? tf.onesLike(ids));
    return textProjection ? projectContext(textProjection.params, context) : context;
  });
}

/** Frees the compiled networks of a model; the next use compiles again. */
export function forgetNetworks(model: Model): void {
  for (const { run } of cache.get(model)?.values() ?? []) run.dispose();
  cache.delete(model);
}
