import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type ClipVisionParams, clipVision } from 'roentgen-lab/encoders';
import { dispose, flatten, key, normal, scope, type Tree, unflatten, uniform } from 'roentgen-lab/engine';
import { initOpenClipVision, openClipVision } from 'roentgen-lab/vision';
import { layerNormLayer } from '#nn/internal';
import { assertClose, noLeaks } from '../support';

const config = { layers: 2, width: 12, head_width: 4, patch_size: 4, image_size: 8, in_channels: 1 };

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^class_embedding$/, 'vision_model.embeddings.class_embedding'],
  [/^positional_embedding$/, 'vision_model.embeddings.position_embedding.weight'],
  [/^conv1\./, 'vision_model.embeddings.patch_embedding.'],
  [/^ln_pre\./, 'vision_model.pre_layrnorm.'],
  [/^ln_post\./, 'vision_model.post_layernorm.'],
  [/^transformer\.resblocks\.(\d+)\.ln_1\./, 'vision_model.encoder.layers.$1.layer_norm1.'],
  [/^transformer\.resblocks\.(\d+)\.ln_2\./, 'vision_model.encoder.layers.$1.layer_norm2.'],
  [/^transformer\.resblocks\.(\d+)\.attn\.out_proj\./, 'vision_model.encoder.layers.$1.self_attn.out_proj.'],
  [/^transformer\.resblocks\.(\d+)\.mlp\.c_fc\./, 'vision_model.encoder.layers.$1.mlp.fc1.'],
  [/^transformer\.resblocks\.(\d+)\.mlp\.c_proj\./, 'vision_model.encoder.layers.$1.mlp.fc2.'],
];

/** Parameters under transformers' names; queries, keys and values apart. In a memory scope. */
function asClip(params: Tree): ClipVisionParams {
  const out: Record<string, tf.Tensor> = {};
  for (const [name, tensor] of Object.entries(flatten(params))) {
    const [, layer, part] = /resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$/.exec(name) ?? [];
    if (layer !== undefined) {
      tf.split(tensor, 3, 0).forEach((piece, i) => {
        out[`vision_model.encoder.layers.${layer}.self_attn.${'qkv'[i]}_proj.${part}`] = part === 'weight' ? tf.transpose(piece) : piece;
      });
      continue;
    }
    const [pattern, own] = NAMES.find(([one]) => one.test(name))!;
    out[name.replace(pattern, own)] = tensor;
  }
  return unflatten(out);
}

test(
  "open_clip's tower under its own names is CLIP's with the exact GELU, its last norm over all tokens",
  noLeaks(() => {
    const initial = initOpenClipVision(config, key(1));
    // No bias is 0 and no norm 1 in a trained one.
    const params = unflatten(
      Object.fromEntries(
        Object.entries(flatten(initial as Tree)).map(([name, tensor], i) => [
          name,
          scope(() => tf.add(tensor, tf.mul(0.3, normal(key(100 + i), tensor.shape)))),
        ]),
      ),
    ) as typeof initial;
    const pixels = uniform(key(2), [2, 8, 8, 1]) as tf.Tensor4D;
    const [got, wanted] = [
      openClipVision(config, params, pixels),
      scope(() => {
        const clip = asClip(params as Tree);
        const settings = {
          hidden_size: 12,
          intermediate_size: 48,
          num_hidden_layers: 2,
          num_attention_heads: 3,
          num_channels: 1,
          image_size: 8,
        };
        const { lastHiddenState } = clipVision({ ...settings, patch_size: 4, hidden_act: 'gelu', layer_norm_eps: 1e-5 }, clip, pixels);
        return layerNormLayer(clip.vision_model.post_layernorm, lastHiddenState, 1e-5);
      }),
    ];
    assertClose(got, wanted, 1e-5);
    dispose(initial as Tree, params as Tree, { pixels, got, wanted });
  }),
);
