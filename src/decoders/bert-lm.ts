/** BERT as a decoder: its layers see what is before them, and a context by cross-attention; its head for masked words says the next one. */

import * as tf from '@tensorflow/tfjs-core';
import type { BertConfig, BertLayerParams, BertParams } from '../encoders';
import { bertShapes, completeBertConfig } from '../encoders/internal';
import { attention, embedding, scope } from '../engine';
import { type LinearParams, linearLayer, type NormParams } from '../nn';
import { activations, layerNormLayer } from '../nn/internal';
import { type DecoderInputs, type DecoderOutput, type KeptKeys, keepKeys, tiedLogits } from './pass';

/** BertConfig with `is_decoder`. */
export interface BertLmConfig extends BertConfig {
  is_decoder?: boolean;
  add_cross_attention?: boolean;
}

type AttentionParams = BertLayerParams['attention'];
type LayerParams = BertLayerParams & { crossattention?: AttentionParams };

export type BertLmParams = {
  bert: Pick<BertParams, 'embeddings'> & { encoder: { layer: LayerParams[] } };
  /** The outputs' table is that of the embeddings. */
  cls: { predictions: { transform: { dense: LinearParams; LayerNorm: NormParams }; bias: tf.Tensor1D } };
};

/** The encoder's config. @throws RangeError naming the key and its value where the config asks for another network */
export function completeBertLmConfig({
  is_decoder: _,
  add_cross_attention: __,
  ...config
}: BertLmConfig): ReturnType<typeof completeBertConfig> {
  const c = completeBertConfig(config);
  if (c.model_type !== 'bert') throw new RangeError(`bert decoder: model_type: expected "bert", got ${JSON.stringify(c.model_type)}`);
  return c;
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function bertLmShapes(config: BertLmConfig): Record<string, number[]> {
  const { hidden_size: width, vocab_size } = completeBertLmConfig(config);
  const { is_decoder: _, add_cross_attention: cross, ...encoder } = config;
  const shapes: Record<string, number[]> = {};
  for (const [key, shape] of Object.entries(bertShapes(encoder))) {
    shapes[`bert.${key}`] = shape;
    if (cross && /\.attention\./.test(key)) shapes[`bert.${key.replace('.attention.', '.crossattention.')}`] = shape;
  }
  const head = 'cls.predictions.';
  return {
    ...shapes,
    [`${head}bias`]: [vocab_size],
    [`${head}transform.dense.weight`]: [width, width],
    [`${head}transform.dense.bias`]: [width],
    [`${head}transform.LayerNorm.weight`]: [width],
    [`${head}transform.LayerNorm.bias`]: [width],
  };
}

/** A pass of the model. */
export function bertLm(config: BertLmConfig, params: BertLmParams, inputs: DecoderInputs): DecoderOutput {
  const c = completeBertLmConfig(config);
  const { embeddings, encoder } = params.bert;
  const { context, contextScores } = inputs;
  const norm = (p: NormParams, x: tf.Tensor3D): tf.Tensor3D => layerNormLayer(p, x, c.layer_norm_eps);
  const heads = c.num_attention_heads;
  const after = ({ output }: AttentionParams, mixed: tf.Tensor3D, x: tf.Tensor3D): tf.Tensor3D =>
    norm(output.LayerNorm, tf.add(linearLayer(output.dense, mixed), x));
  return scope(() => {
    const words = embedding(inputs.ids, embeddings.word_embeddings.weight, c.pad_token_id ?? undefined);
    const types = embedding(tf.zeros([1, 1], 'int32'), embeddings.token_type_embeddings.weight);
    const places = embedding(inputs.positions, embeddings.position_embeddings.weight);
    const hiddenStates = [norm(embeddings.LayerNorm, tf.add(tf.add(words, types), places) as tf.Tensor3D)];
    const kept: KeptKeys[] = [];
    encoder.layer.forEach((layer, i) => {
      const x = hiddenStates.at(-1)!;
      const { query, key, value } = layer.attention.self;
      kept.push(keepKeys({ k: linearLayer(key, x), v: linearLayer(value, x) }, i, inputs));
      let h = after(layer.attention, attention(linearLayer(query, x), kept[i]!.k, kept[i]!.v, { heads, mask: inputs.scores }), x);
      if (layer.crossattention && context) {
        const { self } = layer.crossattention;
        const [ck, cv] = [linearLayer(self.key, context), linearLayer(self.value, context)];
        h = after(layer.crossattention, attention(linearLayer(self.query, h), ck, cv, { heads, mask: contextScores }), h);
      }
      const inner = activations[c.hidden_act](linearLayer(layer.intermediate.dense, h));
      hiddenStates.push(norm(layer.output.LayerNorm, tf.add(linearLayer(layer.output.dense, inner), h)));
    });
    const { transform, bias } = params.cls.predictions;
    const said = norm(transform.LayerNorm, activations[c.hidden_act](linearLayer(transform.dense, hiddenStates.at(-1)!)));
    return { logits: tf.add(tiedLogits(said, embeddings.word_embeddings.weight), bias), hiddenStates, kept };
  });
}
