import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BertConfig,
  type BertParams,
  bert,
  type ClipTextConfig,
  initTextEncoder,
  type T5Config,
  type TextEncoderConfig,
  t5,
} from 'roentgen-lab/encoders';
import { compile, dispose, key, normal, valueAndGrad } from 'roentgen-lab/engine';
import { bertShapes, initBert } from '#encoders/bert';
import { completeBertConfig } from '#encoders/bert-config';
import { clipTextShapes } from '#encoders/clip-text';
import { clipVisionShapes } from '#encoders/clip-vision';
import { initT5, relativeBuckets, t5Shapes } from '#encoders/t5';
import { completeT5Config } from '#encoders/t5-config';
import { textContext, textEncoderFacts } from '#encoders/text-model';
import { assertSlope, countValues, verifyFixtures } from '../networks';
import { assertClose, noLeaks } from '../support';

const bertTiny: BertConfig = {
  model_type: 'bert',
  vocab_size: 40,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  max_position_embeddings: 10,
};
const robertaTiny: BertConfig = { ...bertTiny, model_type: 'roberta', max_position_embeddings: 12, type_vocab_size: 1 };
const t5Tiny: T5Config = { model_type: 't5', vocab_size: 40, d_model: 12, d_kv: 5, d_ff: 20, num_layers: 2, num_heads: 3 };
const gatedTiny: T5Config = { ...t5Tiny, feed_forward_proj: 'gated-gelu', relative_attention_num_buckets: 8 };
const all: readonly TextEncoderConfig[] = [bertTiny, robertaTiny, { ...robertaTiny, model_type: 'xlm-roberta' }, t5Tiny, gatedTiny];

const ids = (rows: number[][]): tf.Tensor2D => tf.tensor2d(rows, [rows.length, rows[0]!.length], 'int32');

/** The configs that hubs publish, in full. */
const bertBase = {
  architectures: ['BertForMaskedLM'],
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: 'bert',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
  transformers_version: '4.6.0.dev0',
  type_vocab_size: 2,
  use_cache: true,
  vocab_size: 30522,
} as BertConfig;
const robertaBase = {
  ...bertBase,
  model_type: 'roberta',
  bos_token_id: 0,
  eos_token_id: 2,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 514,
  pad_token_id: 1,
  type_vocab_size: 1,
  vocab_size: 50265,
} as BertConfig;
const t5Small = {
  architectures: ['T5ForConditionalGeneration'],
  d_ff: 2048,
  d_kv: 64,
  d_model: 512,
  decoder_start_token_id: 0,
  dropout_rate: 0.1,
  eos_token_id: 1,
  initializer_factor: 1,
  is_encoder_decoder: true,
  layer_norm_epsilon: 1e-6,
  model_type: 't5',
  n_positions: 512,
  num_heads: 8,
  num_layers: 6,
  output_past: true,
  pad_token_id: 0,
  relative_attention_num_buckets: 32,
  task_specific_params: { summarization: { max_length: 200, prefix: 'summarize: ' } },
  vocab_size: 32128,
} as T5Config;

test('the published configs have their published numbers of weights and windows', () => {
  const pooler = { pooler: true };
  assert.equal(countValues(bertShapes(bertBase, pooler)), 109_482_240, 'BERT base: RadBERT, SapBERT, PubMedBERT');
  assert.equal(countValues(bertShapes({ model_type: 'bert' }, pooler)), 109_482_240, 'its values are the defaults');
  const miniLm = { ...bertBase, hidden_size: 384, intermediate_size: 1536, num_hidden_layers: 6 };
  assert.equal(countValues(bertShapes(miniLm, pooler)), 22_713_216, 'MiniLM-L6');
  assert.equal(countValues(bertShapes(robertaBase, pooler)), 124_645_632, 'RoBERTa base');
  const xlm: BertConfig = { ...robertaBase, model_type: 'xlm-roberta', vocab_size: 250002 };
  assert.equal(countValues(bertShapes(xlm, pooler)), 278_043_648, 'XLM-RoBERTa base');
  assert.equal(countValues(t5Shapes(t5Small)), 35_330_816, 'T5 small, its encoder');
  assert.deepEqual(
    [bertBase, robertaBase, xlm, t5Small].map((config) => textEncoderFacts(config).window),
    [512, 512, 512, undefined],
  );
});

test('the shared fixtures pass', (t) => verifyFixtures(t, 'text/'));
test('the shared fixtures of pretrained encoders pass', (t) => verifyFixtures(t, 'pretrained/'));

for (const config of all) {
  const name = `${textEncoderFacts(config).kind}${'feed_forward_proj' in config ? ' (gated)' : ''}`;

  test(
    `${name}: the gradient is the slope of the loss, with a mask`,
    noLeaks(() => {
      const params = initTextEncoder(config, key(1));
      const tokens = ids([
        [3, 5, 7, 9],
        [3, 8, 6, 4],
      ]); // none is the padding token, which has no gradient
      const mask = tf.tensor2d([1, 1, 1, 1, 1, 1, 0, 0], [2, 4]);
      const target = normal(key(4), [2, 4, 12]);
      const loss = (p: typeof params): tf.Scalar => tf.tidy(() => tf.mean(tf.mul(textContext(config, p, tokens, mask), target)));
      assertSlope(loss as never, params as never, key(2), 3e-2);
      dispose(params, tokens, mask, target);
    }),
  );

  test(
    `${name}: masked tokens change nothing for the others, and a compiled run is the eager one`,
    noLeaks(() => {
      const params = initTextEncoder(config, key(3));
      const mask = tf.tensor2d([1, 1, 1, 0, 0], [1, 5]);
      const [a, b] = [ids([[3, 5, 7, 9, 11]]), ids([[3, 5, 7, 20, 30]])];
      const [x, y] = [textContext(config, params, a, mask), textContext(config, params, b, mask)];
      const first = (z: tf.Tensor3D): tf.Tensor => tf.slice(z, [0, 0, 0], [1, 3, -1]);
      tf.tidy(() => assertClose(first(x), first(y), 1e-6, 'states of the tokens'));
      const fn = compile((tokens: tf.Tensor2D, m: tf.Tensor2D) => textContext(config, params, tokens, m));
      const compiled = fn(a, mask);
      assertClose(compiled, x, 1e-6, 'compiled');
      fn.dispose();
      dispose(params, mask, a, b, x, y, compiled);
    }),
  );
}

test(
  "the padding token's embedding gets no gradient, as PyTorch's padding_idx",
  noLeaks(() => {
    for (const [config, pad] of [
      [bertTiny, 0],
      [robertaTiny, 1],
    ] as const) {
      const params = initBert(config, key(1));
      const tokens = ids([[3, 5, pad, pad]]);
      const { value, grads } = valueAndGrad(
        (p: BertParams) => tf.mean(tf.square(tf.add(bert(config, p, tokens).lastHiddenState, 0.3))) as tf.Scalar,
      )(params);
      const row = (table: tf.Tensor2D, i: number): number[] => [...tf.tidy(() => tf.slice(table, [i, 0], [1, -1]).dataSync())];
      assert.ok(row(grads.embeddings.word_embeddings.weight, pad).every((v) => v === 0));
      assert.ok(row(grads.embeddings.word_embeddings.weight, 3).some((v) => v !== 0));
      const position = row(grads.embeddings.position_embeddings.weight, 1);
      assert.ok(config === bertTiny ? position.some((v) => v !== 0) : position.every((v) => v === 0));
      dispose(params, tokens, value, grads);
    }
  }),
);

test('relative positions: exact buckets near by, wider ones farther off, both directions apart', () => {
  const buckets = relativeBuckets(200, 32, 128);
  const of = (query: number, k: number): number => buckets[query * 200 + k]!;
  assert.deepEqual(
    [0, 1, 7, 8, 11, 12, 16, 23, 32, 64, 90, 91, 127, 150].map((d) => of(d, 0)),
    [0, 1, 7, 8, 8, 9, 10, 11, 12, 14, 14, 15, 15, 15],
  );
  assert.equal(of(0, 1), 17);
  assert.equal(of(0, 199), 31);
});

test('a config that asks for another network is refused by key and value', () => {
  const refused: [() => unknown, RegExp][] = [
    [
      () => completeBertConfig({ ...bertTiny, position_embedding_type: 'relative_key' } as BertConfig),
      /position_embedding_type: expected "absolute", got "relative_key"/,
    ],
    [() => completeBertConfig({ ...bertTiny, hidden_act: 'mish' } as unknown as BertConfig), /hidden_act/],
    [() => completeBertConfig({ ...bertTiny, is_decoder: true } as BertConfig), /is_decoder: expected false, got true/],
    [
      () => completeBertConfig({ ...bertTiny, embedding_size: 8 } as BertConfig),
      /embedding_size is unknown \(the result may depend on its value, 8/,
    ],
    [() => completeBertConfig({ ...bertTiny, num_attention_heads: 5 }), /hidden_size is 12, not a multiple of num_attention_heads, 5/],
    [() => completeBertConfig({ ...robertaTiny, pad_token_id: null }), /pad_token_id/],
    [() => completeT5Config({ ...t5Tiny, feed_forward_proj: 'gated-tanh' } as unknown as T5Config), /feed_forward_proj/],
    [() => completeT5Config({ ...t5Tiny, relative_attention_num_buckets: 7 }), /expected an even number from 4/],
    [() => completeT5Config({ ...t5Tiny, relative_attention_max_distance: 2 }), /relative_attention_max_distance: expected more than/],
    [() => completeT5Config({ ...t5Tiny, num_layers: 1e9 }), /num_layers: expected a whole number from 1 to 1000, got 1000000000/],
    [() => completeT5Config({ ...t5Tiny, d_ff: 0.5 }), /d_ff: expected a whole number from 1, got 0.5/],
    [() => completeT5Config({ ...t5Tiny, layer_norm_epsilon: Number.NaN }), /layer_norm_epsilon: expected a number from 0, got NaN/],
    [() => completeBertConfig({ ...bertTiny, num_hidden_layers: 1e9 }), /num_hidden_layers: expected a whole number from 1 to 1000/],
    [
      () => completeBertConfig({ ...robertaTiny, max_position_embeddings: 2 ** 40 }),
      /max_position_embeddings: expected a whole number from 1 to 2147483647/,
    ],
    [
      () => completeBertConfig({ ...bertTiny, vocab_size: '30522' } as unknown as BertConfig),
      /vocab_size: expected a whole number from 1, got "30522"/,
    ],
    [() => completeBertConfig({ ...bertTiny, layer_norm_eps: -1 }), /layer_norm_eps: expected a number from 0, got -1/],
    [() => clipVisionShapes({ num_hidden_layers: 1e9 }), /clip vision: num_hidden_layers: expected a whole number from 1 to 1000/],
    [
      () => clipVisionShapes({ image_size: Number.POSITIVE_INFINITY }),
      /image_size: expected a whole number from 1 to 2147483647, got Infinity/,
    ],
    [
      () => clipTextShapes({ initializer_factor: null, layer_norm_eps: [] } as unknown as ClipTextConfig),
      /layer_norm_eps: expected a number from 0/,
    ],
    [
      () => textEncoderFacts({ model_type: 'gpt2' } as unknown as TextEncoderConfig),
      /model_type: expected "clip_text_model" or "clip", got "gpt2"/,
    ],
  ];
  for (const [call, message] of refused)
    assert.throws(call, (error: Error) => error instanceof RangeError && message.test(error.message), String(message));
});

test(
  'texts beyond the window and wrong shapes are refused',
  noLeaks(() => {
    const params = initBert(robertaTiny, key(1));
    const [long, fine, mask] = [ids([new Array<number>(11).fill(3)]), ids([[3, 4]]), tf.ones([1, 3]) as tf.Tensor2D];
    assert.throws(() => bert(robertaTiny, params, long), /bert: ids: expected at most 10 tokens, got 11/);
    assert.throws(() => bert(robertaTiny, params, fine, { mask }), /bert: mask: expected \[1, 2\], got \[1, 3\]/);
    const encoder = initT5(t5Tiny, key(1));
    assert.throws(() => t5(t5Tiny, encoder, fine, { mask }), /t5: mask: expected \[1, 2\], got \[1, 3\]/);
    dispose(params, encoder, long, fine, mask);
  }),
);

test(
  'a BERT of true size reads a report',
  noLeaks(() => {
    const params = initBert(bertBase, key(1));
    const tokens = ids([[101, ...Array.from({ length: 14 }, (_, i) => 2000 + i), 102]]);
    const { lastHiddenState } = bert(bertBase, params, tokens);
    assert.deepEqual(lastHiddenState.shape, [1, 16, 768]);
    const { mean, variance } = tf.moments(lastHiddenState);
    assertClose([mean.dataSync()[0]!, variance.dataSync()[0]!], [0, 1], 1e-3, 'the last norm'); // weight 1 and bias 0
    dispose(params, tokens, lastHiddenState, mean, variance);
  }),
);
