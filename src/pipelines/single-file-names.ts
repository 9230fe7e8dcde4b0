/**
 * Names of Stable Diffusion's single files, those of the first implementation (github.com/CompVis/stable-diffusion,
 * ldm/modules/diffusionmodules/{openaimodel,model}.py), and diffusers' for the same layers.
 */

/** What stands before the keys of each network. */
export const PREFIX = { unet: 'model.diffusion_model.', vae: 'first_stage_model.', text: 'cond_stage_model.transformer.' } as const;

const RESNET: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'emb_layers.1': 'time_emb_proj',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  skip_connection: 'conv_shortcut',
};

const UNET_ENDS: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

const MIDDLE = ['resnets.0', 'attentions.0', 'resnets.1'] as const;

/** The last two parts of a key apart from the layer's own name: `in_layers.0.weight` to [`in_layers.0`, `weight`]. */
const split = (key: string): [layer: string, leaf: string] => [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)];

function resnetKey(name: string): string {
  const [layer, leaf] = split(name);
  return `${RESNET[layer] ?? layer}.${leaf}`;
}

/** A key behind `model.diffusion_model.` under diffusers' name. */
export function unetKey(key: string, layers: readonly number[]): string {
  const [layer, leaf] = split(key);
  if (UNET_ENDS[layer]) return `${UNET_ENDS[layer]}.${leaf}`;
  const [kind, first, second, ...others] = key.split('.');
  const rest = others.join('.');
  if (kind === 'middle_block') {
    const place = MIDDLE[Number(first)];
    const inside = [second, rest].join('.');
    return `mid_block.${place}.${place === 'attentions.0' ? inside : resnetKey(inside)}`;
  }
  if (kind !== 'input_blocks' && kind !== 'output_blocks') return key;
  // Blocks are counted over all levels: a level has its residual blocks and, in the encoder path, one that halves the size.
  const down = kind === 'input_blocks';
  let level = 0;
  let block = Number(first) - (down ? 1 : 0);
  const counts = down ? layers : [...layers].reverse();
  while (level < counts.length && block > counts[level]!) block -= counts[level++]! + 1;
  const at = `${down ? 'down' : 'up'}_blocks.${level}`;
  if (rest.startsWith('op.')) return `${at}.downsamplers.0.conv.${leaf}`;
  if (rest.startsWith('conv.')) return `${at}.upsamplers.0.conv.${leaf}`;
  return second === '0' ? `${at}.resnets.${block}.${resnetKey(rest)}` : `${at}.attentions.${block}.${rest}`;
}

/** Names by others, the other way round. */
const inverse = (names: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]));
const RESNET_BACK = inverse(RESNET);
const UNET_ENDS_BACK = inverse(UNET_ENDS);

function resnetKeyBack(name: string): string {
  const [layer, leaf] = split(name);
  return `${RESNET_BACK[layer] ?? layer}.${leaf}`;
}

/** Blocks of the levels before one, each with what halves or doubles its size. */
const blocksBefore = (level: number, counts: readonly number[]): number =>
  counts.slice(0, level).reduce((sum, count) => sum + count + 1, 0);

/**
 * A U-Net's key as single files have it: what `unetKey` reads back. A layer that the first implementation has no place for keeps diffusers' name.
 *
 * @param keys all of the network's
 */
export function unetKeyBack(key: string, layers: readonly number[], keys: ReadonlySet<string>): string {
  const name = firstUNetKey(key, layers, keys);
  return unetKey(name, layers) === key ? name : key;
}

function firstUNetKey(key: string, layers: readonly number[], keys: ReadonlySet<string>): string {
  const [layer, leaf] = split(key);
  if (UNET_ENDS_BACK[layer]) return `${UNET_ENDS_BACK[layer]}.${leaf}`;
  const [, middle, inMiddle] = /^mid_block\.(\w+\.\d+)\.(.*)$/.exec(key) ?? [];
  if (middle !== undefined) {
    const place = MIDDLE.indexOf(middle as (typeof MIDDLE)[number]);
    return `middle_block.${place}.${place === 1 ? inMiddle : resnetKeyBack(inMiddle!)}`;
  }
  const [, way, level, kind, number, rest] = /^(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)$/.exec(key) ?? [];
  if (way === undefined) return key;
  const down = way === 'down';
  const counts = down ? layers : [...layers].reverse();
  const first = blocksBefore(Number(level), counts) + (down ? 1 : 0);
  const blocks = down ? 'input_blocks' : 'output_blocks';
  if (kind === 'resnets') return `${blocks}.${first + Number(number)}.0.${resnetKeyBack(rest!)}`;
  if (kind === 'attentions') return `${blocks}.${first + Number(number)}.1.${rest}`;
  const last = first + counts[Number(level)]!;
  if (kind === 'downsamplers') return `${blocks}.${last}.0.op.${leaf}`;
  const behindAttention = [...keys].some((other) => other.startsWith(`up_blocks.${level}.attentions.`));
  return `${blocks}.${last}.${behindAttention ? 2 : 1}.conv.${leaf}`;
}

/** Layers that the first implementation has as 1×1 convolutions, diffusers as linear ones: [O, I, 1, 1] and [O, I]. */
export const isPointwise = (firstKey: string): boolean => /\.attn(_1|\.\d+)\.(q|k|v|proj_out)\.weight$/.test(firstKey);

/** Keys of one network: those behind its prefix, under their new names; the others are dropped. */
export const behind =
  (prefix: string, rename: (key: string) => string) =>
  (key: string): string | undefined =>
    key.startsWith(prefix) && !key.endsWith('position_ids') ? rename(key.slice(prefix.length)) : undefined;
