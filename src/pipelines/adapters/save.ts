/** Adapters as diffusers' `save_lora_weights` writes them: `pytorch_lora_weights.safetensors`. */

import type * as tf from '@tensorflow/tfjs-core';
import { type FlatTree, flatten } from '../../engine';
import { writeSafetensors } from '../../files';
import { toFileLayout } from '../../files/internal';
import { expectWeights, type Model } from '../model';
import { type LoraPart, parts } from './lora';

/** The last names of a layer's path that PEFT takes for its kind: `to_q`, `to_out.0`, `0.proj`. */
const targetOf = (layer: string): string => /([^.]+(\.\d+)?)$/.exec(layer)![1]!;

/**
 * Writes the model's adapters: PEFT's key names, and in the header rank and alpha, of single layers where they differ.
 *
 * @throws RangeError where the model has none; FileError where it cannot be written
 */
export async function saveLora(model: Model, file: string): Promise<void> {
  expectWeights(model, 'saveLora');
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  const metadata: Record<string, unknown> = {};
  for (const [part, name] of Object.entries(parts) as [LoraPart, string][]) {
    const flat = flatten(model[part].params);
    const layers = Object.keys(flat)
      .filter((path) => path.endsWith('.lora_A.weight'))
      .map((path) => path.replace('.lora_A.weight', ''));
    if (layers.length === 0) continue;
    for (const [key, value] of Object.entries(describe(flat, layers))) metadata[`${name}.${key}`] = value;
    for (const [path, leaf] of Object.entries(flat)) {
      if (!/\.lora_[AB]\.weight$/.test(path)) continue;
      const laid = toFileLayout(path, leaf.shape, (await (leaf as tf.Tensor).data()) as Float32Array);
      tensors[`${name}.${path}`] = { shape: laid.shape, data: laid.data as Float32Array };
    }
  }
  if (Object.keys(tensors).length === 0) throw new RangeError('saveLora: the model has no adapters');
  await writeSafetensors(file, tensors, { format: 'pt', lora_adapter_metadata: JSON.stringify(metadata) });
}

/** Rank and alpha as a LoraConfig has them: the first layer's, and patterns for layers with others. */
function describe(flat: FlatTree, layers: readonly string[]): Record<string, unknown> {
  const rankOf = (layer: string): number => flat[`${layer}.lora_A.weight`]!.shape.at(-1)!;
  const alphaOf = (layer: string): number => flat[`${layer}.lora_scale`]!.dataSync()[0]! * rankOf(layer);
  const [rank, alpha] = [rankOf(layers[0]!), alphaOf(layers[0]!)];
  const others = (of: (layer: string) => number, usual: number): Record<string, number> =>
    Object.fromEntries(layers.filter((layer) => of(layer) !== usual).map((layer) => [layer, of(layer)]));
  const patterns = { rank_pattern: others(rankOf, rank), alpha_pattern: others(alphaOf, alpha) };
  return {
    r: rank,
    lora_alpha: alpha,
    ...Object.fromEntries(Object.entries(patterns).filter(([, pattern]) => Object.keys(pattern).length > 0)),
    target_modules: [...new Set(layers.map(targetOf))],
  };
}
