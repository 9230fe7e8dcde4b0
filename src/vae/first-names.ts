/**
 * Names of autoencoders' layers in the first implementations (github.com/CompVis/taming-transformers, taming/modules/diffusionmodules/model.py, from which
 * Stable Diffusion's single files have theirs), and diffusers' for the same.
 */

type Names = readonly (readonly [RegExp, string])[];

const FIRST: Names = [
  [/\.mid\.block_1\./, '.mid_block.resnets.0.'],
  [/\.mid\.block_2\./, '.mid_block.resnets.1.'],
  [/\.mid\.attn_1\./, '.mid_block.attentions.0.'],
  [/\.down\.(\d+)\.block\./, '.down_blocks.$1.resnets.'],
  [/\.down\.(\d+)\.attn\./, '.down_blocks.$1.attentions.'],
  [/\.down\.(\d+)\.downsample\./, '.down_blocks.$1.downsamplers.0.'],
  [/(\.attentions\.\d+)\.norm\./, '$1.group_norm.'],
  [/(\.attentions\.\d+)\.([qkv])\./, '$1.to_$2.'],
  [/(\.attentions\.\d+)\.proj_out\./, '$1.to_out.0.'],
  [/\.nin_shortcut\./, '.conv_shortcut.'],
  [/\.norm_out\./, '.conv_norm_out.'],
];

const BACK: Names = [
  [/(\.attentions\.\d+)\.group_norm\./, '$1.norm.'],
  [/(\.attentions\.\d+)\.to_([qkv])\./, '$1.$2.'],
  [/(\.attentions\.\d+)\.to_out\.0\./, '$1.proj_out.'],
  [/\.mid_block\.resnets\.0\./, '.mid.block_1.'],
  [/\.mid_block\.resnets\.1\./, '.mid.block_2.'],
  [/\.mid_block\.attentions\.0\./, '.mid.attn_1.'],
  [/\.down_blocks\.(\d+)\.resnets\./, '.down.$1.block.'],
  [/\.down_blocks\.(\d+)\.attentions\./, '.down.$1.attn.'],
  [/\.down_blocks\.(\d+)\.downsamplers\.0\./, '.down.$1.downsample.'],
  [/\.conv_shortcut\./, '.nin_shortcut.'],
  [/\.conv_norm_out\./, '.norm_out.'],
];

/** Kinds of layers of the decoder's levels, which are counted from the other end. */
const UP = { block: 'resnets.', attn: 'attentions.', upsample: 'upsamplers.0.' } as const;

const renamed = (key: string, names: Names): string => names.reduce((name, [pattern, to]) => name.replace(pattern, to), key);

/** A first key under diffusers' name. @param levels of the autoencoder */
export function vaeKey(key: string, levels: number): string {
  const up = key.replace(
    /\.up\.(\d+)\.(block|attn|upsample)\./,
    (_, level: string, kind: keyof typeof UP) => `.up_blocks.${levels - 1 - Number(level)}.${UP[kind]}`,
  );
  return renamed(up, FIRST);
}

/** An autoencoder's key as the first implementations have it: what `vaeKey` reads back. */
export function vaeKeyBack(key: string, levels: number): string {
  const name = renamed(key, BACK).replace(
    /\.up_blocks\.(\d+)\.(resnets\.|attentions\.|upsamplers\.0\.)/,
    (_, level: string, layers: string) => `.up.${levels - 1 - Number(level)}.${Object.entries(UP).find(([, own]) => own === layers)![0]}.`,
  );
  return vaeKey(name, levels) === key ? name : key;
}
