/** A model's networks, compiled once and used again: graphs are kept per model, and weights are exchanged where the model's were. */

import type * as tf from '@tensorflow/tfjs-core';
import { clipContext } from '../encoders';
import { compileStep, flatten, type Step, type Tree } from '../engine';
import { unet } from '../unet';
import { decode, encode, type Posterior } from '../vae';
import type { Model } from './model';

type Run = Step<Tree, tf.Tensor[], Tree>;

interface Entry {
  config: string;
  params: Tree;
  step: Run;
}

const cache = new WeakMap<Model, Map<string, Entry>>();

/** Whether trees have the same leaves: adapters come and go without a change of the config. */
function sameForm(a: Tree, b: Tree): boolean {
  const [paths, others] = [Object.keys(flatten(a)), new Set(Object.keys(flatten(b)))];
  return paths.length === others.size && paths.every((path) => others.has(path));
}

/** The compiled network of this name with the model's present weights. */
function network<P extends Tree>(
  model: Model,
  name: string,
  part: { readonly config: object; readonly params: P },
  fn: (params: P, ...inputs: tf.Tensor[]) => Tree,
): Run {
  const entries = cache.get(model) ?? new Map<string, Entry>();
  cache.set(model, entries);
  const config = JSON.stringify(part.config);
  const found = entries.get(name);
  if (found && found.config === config) {
    if (found.params === part.params) return found.step;
    if (sameForm(found.params, part.params)) {
      found.step.write(part.params);
      found.params = part.params;
      return found.step;
    }
  }
  found?.step.dispose();
  const step = compileStep<P, tf.Tensor[], Tree>(part.params, (params, ...inputs) => ({ out: fn(params, ...inputs) })) as unknown as Run;
  entries.set(name, { config, params: part.params, step });
  return step;
}

/** @returns the U-Net's output, [B, h, w, C]; the caller disposes it */
export function runUNet(model: Model, latents: tf.Tensor4D, timesteps: tf.Tensor1D, context: tf.Tensor3D): tf.Tensor4D {
  const { unet: part } = model;
  const step = network(model, 'unet', part, (params, x, t, c) =>
    unet(part.config, params, x as tf.Tensor4D, t as tf.Tensor1D, c as tf.Tensor3D),
  );
  return step.run(latents, timesteps, context) as tf.Tensor4D;
}

/** @returns the image of unscaled latents, [B, H, W, C]; the caller disposes it */
export function runDecoder(model: Model, z: tf.Tensor4D): tf.Tensor4D {
  const { vae } = model;
  return network(model, 'decoder', vae, (params, x) => decode(vae.config, params, x as tf.Tensor4D)).run(z) as tf.Tensor4D;
}

/** @returns the distribution of an image's unscaled latents; the caller disposes it */
export function runEncoder(model: Model, image: tf.Tensor4D): Posterior {
  const { vae } = model;
  return network(model, 'encoder', vae, (params, x) => encode(vae.config, params, x as tf.Tensor4D)).run(image) as Posterior;
}

/** @returns the text encoder's last hidden states, [B, L, C]; the caller disposes it */
export function runTextEncoder(model: Model, ids: tf.Tensor2D): tf.Tensor3D {
  const { textEncoder } = model;
  return network(model, 'text', textEncoder, (params, x) => clipContext(textEncoder.config, params, x as tf.Tensor2D)).run(
    ids,
  ) as tf.Tensor3D;
}

/** Frees the compiled networks of a model; the next use compiles anew. */
export function forgetNetworks(model: Model): void {
  for (const { step } of cache.get(model)?.values() ?? []) step.dispose();
  cache.delete(model);
}
