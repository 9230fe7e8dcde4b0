/** Another text encoder in a model, as RoentGen exchanges CLIP for RadBERT and SapBERT (arXiv:2211.12737, section 4). */

import type { TextEncoderConfig, TextEncoderModel } from '../encoders';
import { textEncoderFacts } from '../encoders/internal';
import { cloneTree, countParameters, dispose, flatten, type Key, key as keyOf, split, unflatten } from '../engine';
import { expectNotDisposed } from '../engine/internal';
import type { Tokenizer } from '../tokenizers';
import { initUNet, type UNetModel, type UNetParams } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import { checkModel, expectWeights, type Model } from './model';
import { initTextProjection, type TextProjection } from './text-projection';

/** Parts of a model that a diffusion training can change. */
export type TrainablePart = 'unet' | 'textEncoder' | 'projection';

export interface SwapOptions {
  /**
   * A learnt projection from the encoder's width to the U-Net's. By default there is one where the widths differ and the U-Net is kept.
   */
  readonly projection?: boolean;
  /**
   * What becomes of the U-Net: kept; with the cross-attentions' keys and values reinitialised for the encoder's width; or all of it
   * reinitialised, as the paper does. Default "keep".
   */
  readonly unet?: 'keep' | 'cross-attention' | 'fresh';
  /** Whether the encoder is to be trained too. Default false: it stays as it is. */
  readonly train?: boolean;
  /** Where random numbers start. Default key(0). */
  readonly key?: Key;
}

/** What was done, and what follows from it. */
export interface Swap {
  /** The model with the new encoder; its parameters are its own, and the caller's: `disposeModel`. */
  readonly model: Model;
  /** Kinds and widths. */
  readonly from: { readonly kind: string; readonly width: number };
  readonly to: { readonly kind: string; readonly width: number };
  readonly unet: 'kept' | 'cross-attention reinitialised' | 'reinitialised';
  /** Whether a projection was made. */
  readonly projection: boolean;
  /** Weights that are random now. */
  readonly newWeights: number;
  /** What must be trained now: what to hand to `fitDiffusion` as `trains`. */
  readonly trains: readonly TrainablePart[];
  /** All of it in words. */
  readonly note: string;
}

/**
 * A model with another text encoder and its tokenizer. The given model and encoder are borrowed and stay as they are.
 *
 * @throws RangeError where widths differ and the options leave that so, or tokenizer and encoder do not fit each other
 * @example
 * const swap = swapTextEncoder(model, await loadTextEncoder('models/minilm', { maxLength: 40 }), { projection: true });
 * console.log(swap.note);
 * await fitDiffusion(swap.model, recipe, pixels, texts, { key, trains: swap.trains });
 */
export function swapTextEncoder(
  model: Model,
  encoder: TextEncoderModel & { readonly tokenizer: Tokenizer },
  { unet: fate = 'keep', projection, train = false, key = keyOf(0) }: SwapOptions = {},
): Swap {
  expectWeights(model, 'swapTextEncoder');
  expectNotDisposed('swapTextEncoder', 'text encoder', encoder.params);
  const before = textEncoderFacts(model.textEncoder.config);
  const after = textEncoderFacts(encoder.config);
  const { cross_attention_dim: old } = completeUNetConfig(model.unet.config);
  const projects = projection ?? (fate === 'keep' && after.width !== old);
  if (fate === 'keep' && !projects && after.width !== old)
    throw new RangeError(
      `swapTextEncoder: the encoder is ${after.width} wide and the U-Net takes ${old}; give projection: true, or unet: 'cross-attention' or 'fresh'`,
    );
  const [unetKey, projectionKey] = split(key, 2) as [Key, Key];
  const unet = exchangeUNet(model.unet, fate, projects ? old : after.width, unetKey);
  const newProjection = projects ? initTextProjection({ in_features: after.width, out_features: old }, projectionKey) : undefined;
  const { textProjection: _, folder: __, ...parts } = model;
  const swapped: Model = {
    ...parts,
    unet: unet.model,
    vae: { ...model.vae, params: cloneTree(model.vae.params) },
    textEncoder: { config: maskedConfig(encoder.config), params: cloneTree(encoder.params as never) },
    textProjection: newProjection,
    tokenizer: encoder.tokenizer,
  };
  try {
    checkModel(swapped, 'swapTextEncoder');
  } catch (error) {
    dispose(swapped.unet.params, swapped.vae.params, swapped.textEncoder.params, newProjection?.params);
    throw error;
  }
  const trains: TrainablePart[] = ['unet', ...(train ? (['textEncoder'] as const) : []), ...(projects ? (['projection'] as const) : [])];
  const newWeights = unet.newWeights + (newProjection ? countParameters(newProjection.params) : 0);
  const done = { from: pick(before), to: pick(after), unet: fates[fate], projection: projects, newWeights, trains };
  return { model: swapped, ...done, note: describe(done, encoder.tokenizer.maxLength, newProjection) };
}

const pick = ({ kind, width }: { kind: string; width: number }): { kind: string; width: number } => ({ kind, width });

const unetSentences = {
  kept: 'the U-Net is kept',
  'cross-attention reinitialised': "the keys and values of the U-Net's cross-attentions are reinitialised",
  reinitialised: 'the U-Net is reinitialised',
} as const;

const fates = { keep: 'kept', 'cross-attention': 'cross-attention reinitialised', fresh: 'reinitialised' } as const;

/** All kinds but CLIP need to know what is padding; diffusers' pipelines read this key. */
function maskedConfig(config: TextEncoderConfig): TextEncoderConfig {
  return textEncoderFacts(config).masks ? { ...config, use_attention_mask: true } : config;
}

function exchangeUNet(
  { config, params }: UNetModel,
  fate: NonNullable<SwapOptions['unet']>,
  width: number,
  key: Key,
): { model: UNetModel; newWeights: number } {
  if (fate === 'keep') return { model: { config, params: cloneTree(params) }, newWeights: 0 };
  const next = { ...config, cross_attention_dim: width };
  const fresh = initUNet(next, key);
  if (fate === 'fresh') return { model: { config: next, params: fresh }, newWeights: countParameters(fresh) };
  const [old, made] = [flatten(params), flatten(fresh)];
  let newWeights = 0;
  const mixed = Object.fromEntries(
    Object.entries(made).map(([path, leaf]) => {
      if (!/\.attn2\.to_[kv]\.weight$/.test(path)) return [path, old[path]!.clone()];
      newWeights += leaf.size;
      return [path, leaf.clone()];
    }),
  );
  dispose(fresh);
  return { model: { config: next, params: unflatten<UNetParams>(mixed) }, newWeights };
}

function describe(
  { from, to, unet, trains, newWeights }: Omit<Swap, 'model' | 'note'>,
  maxLength: number,
  projection: TextProjection | undefined,
): string {
  const names = { unet: 'the U-Net', textEncoder: 'the text encoder', projection: 'the projection' };
  const size = projection ? `, behind a new projection to ${projection.config.out_features}` : '';
  const list = trains.map((part) => names[part]).join(' and ');
  const frozen = trains.includes('textEncoder') ? '' : ' The text encoder stays as it is, so its contexts are computed once.';
  return (
    `${to.kind} (${to.width} wide, ${maxLength} tokens) is in place of ${from.kind} (${from.width} wide)${size}; ${unetSentences[unet]}` +
    `${newWeights > 0 ? ` (${newWeights.toLocaleString('en')} weights are random now)` : ''}. ` +
    `To be trained now: ${list}.${frozen} Until it is trained, its images are meaningless.`
  );
}
