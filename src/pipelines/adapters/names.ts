/**
 * The spellings of adapters' names. All say a network, a layer of it, and which of the adapter's tensors it is:
 *
 * | written by | name |
 * |---|---|
 * | diffusers, and this library | `unet.….to_q.lora_A.weight`, `unet.….to_q.lora.down.weight`, `text_encoder.….q_proj.lora_linear_layer.down.weight` |
 * | diffusers 0.11 to 0.20 | `unet.….attn1.processor.to_q_lora.down.weight`, also without `unet.` |
 * | PEFT | `base_model.model.….to_q.lora_A.weight`, also with an adapter's name: `lora_A.default.weight` |
 * | kohya's scripts | `lora_unet_…_to_q.lora_down.weight`, `lora_te_text_model_…`, with `.alpha` beside them |
 */

import type { FlatTree } from '../../engine';
import type { LoraPart } from './lora';

export type LoraTensor = 'lora_A' | 'lora_B' | 'alpha';

/** Where a tensor of a file belongs. */
export interface LoraName {
  readonly part: LoraPart;
  /** The layer's path in the network. */
  readonly layer: string;
  readonly tensor: LoraTensor;
}

const suffixes: readonly (readonly [RegExp, LoraTensor])[] = [
  [/\.lora_A(\.[^.]+)?\.weight$/, 'lora_A'],
  [/\.lora_B(\.[^.]+)?\.weight$/, 'lora_B'],
  [/(\.lora|\.lora_linear_layer|_lora)\.down\.weight$/, 'lora_A'],
  [/(\.lora|\.lora_linear_layer|_lora)\.up\.weight$/, 'lora_B'],
  [/\.lora_down\.weight$/, 'lora_A'],
  [/\.lora_up\.weight$/, 'lora_B'],
  [/(_lora)?\.alpha$/, 'alpha'],
];

/** Other methods than low-rank adapters, and forms of those, that the same programs write. */
const otherMethods: readonly (readonly [RegExp, string])[] = [
  [/lora_magnitude_vector|\.dora_scale$/, 'DoRA'],
  [/\.hada_/, 'LoHa'],
  [/\.lokr_/, 'LoKr'],
  [/\.(diff|diff_b)$/, 'full differences of weights'],
  [/\.(on_input|oft_blocks|oft_diag|ia3_l)/, 'another method than LoRA'],
  [/\.lora_mid\./, "LoCon with Tucker's decomposition"],
  [/\.lora_B(\.[^.]+)?\.bias$|\.lora_up\.bias$/, 'adapters with biases'],
  [/lora_embedding_/, 'adapters of embeddings'],
];

/** What a tensor's name says of the method, where that is not a plain adapter. */
export function otherMethod(key: string): string | undefined {
  return otherMethods.find(([pattern]) => pattern.test(key))?.[1];
}

const families: readonly (readonly [RegExp, string])[] = [
  [/^lora_te[12]_|^text_encoder_2\./, 'of Stable Diffusion XL'],
  [/^lora_unet_(input_blocks|middle_block|output_blocks)_/, "by the blocks of CompVis's code, as for Stable Diffusion XL"],
  [/^(transformer|diffusion_model|lora_transformer)[._]/, 'of a diffusion transformer (Flux, Stable Diffusion 3)'],
  [/^base_model\.model\.(model\.layers|transformer\.h)\./, 'of a language model'],
];

/** How a file's names are spelt, in words for an error. */
export function describeNames(keys: readonly string[]): string {
  const family = families.find(([pattern]) => keys.some((key) => pattern.test(key)));
  if (family) return `its names are those of adapters ${family[1]}`;
  if (keys.some((key) => /^lora_(unet|te)_/.test(key))) return "its names are kohya's";
  if (keys.some((key) => key.startsWith('base_model.model.'))) return "its names are PEFT's";
  if (keys.some((key) => key.includes('.processor.'))) return 'its names are those of diffusers 0.11 to 0.20';
  if (keys.some((key) => /^(unet|text_encoder)\./.test(key))) return "its names are diffusers'";
  return 'its names are of no known form';
}

/**
 * Reads names for the layers of a model.
 *
 * @param layers every leaf of the networks by path; a layer is one with a weight
 * @returns gives where a tensor belongs, undefined where there is no such layer or the name is of no known form
 */
export function loraNames(layers: Readonly<Record<LoraPart, FlatTree>>): (key: string) => LoraName | undefined {
  const underscored = new Map<string, { part: LoraPart; layer: string }>();
  for (const [part, prefix] of [
    ['unet', 'lora_unet_'],
    ['textEncoder', 'lora_te_'],
  ] as const)
    for (const path of Object.keys(layers[part]))
      if (path.endsWith('.weight')) {
        const layer = path.slice(0, -'.weight'.length);
        underscored.set(prefix + layer.replaceAll('.', '_'), { part, layer });
      }

  const locate = (written: string): { part: LoraPart; layer: string } | undefined => {
    if (/^lora_(unet|te)_/.test(written)) return underscored.get(written);
    const [, network, path] = /^(?:base_model\.model\.)?(?:(unet|text_encoder)\.)?(.*)$/.exec(written) as unknown as [
      string,
      string?,
      string?,
    ];
    const candidates: LoraPart[] = network === undefined ? ['unet', 'textEncoder'] : [network === 'unet' ? 'unet' : 'textEncoder'];
    // transformers 5 leaves out the prefix that Stable Diffusion's folders have.
    for (const part of candidates)
      for (const layer of [path!, `text_model.${path}`]) if (layers[part][`${layer}.weight`]) return { part, layer };
    return undefined;
  };

  return (key) => {
    const suffix = suffixes.find(([pattern]) => pattern.test(key));
    if (!suffix) return undefined;
    const target = locate(presentLayer(key.replace(suffix[0], '')));
    return target && { ...target, tensor: suffix[1] };
  };
}

/** A layer as diffusers 0.11 to 0.20 named it, in today's words; others as they are. */
function presentLayer(written: string): string {
  if (/\.processor\.to_(q|k|v|out)$/.test(written)) return written.replace('.processor.to_out', '.to_out.0').replace('.processor.', '.');
  if (/\.self_attn\.to_(q|k|v|out)$/.test(written)) return written.replace(/to_(q|k|v|out)$/, '$1_proj');
  return written;
}
