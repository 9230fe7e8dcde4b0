/** A model as one file: the same images as its folder, nothing beside it, and an error that says what to do for each way in which it can be damaged. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createTextEncoder, initTextEncoder, smallBertConfig, smallT5Config } from 'roentgen-lab/encoders';
import { flatten, key } from 'roentgen-lab/engine';
import { FileError, readSafetensors } from 'roentgen-lab/files';
import {
  disposeModel,
  loadLora,
  loadModel,
  type Model,
  packModel,
  saveLora,
  saveModel,
  swapTextEncoder,
  textToImage,
} from 'roentgen-lab/pipelines';
import { initLora, withLora } from '#pipelines/adapters/lora';
import { portableConfig, portableText } from '#pipelines/portable';
import { noLeaks, tempDir } from '../support';
import { effusion, tinyModel } from './tiny-model';

/** How far a pixel, 0 to 1, may be from the same model's with all bits: 11 significant bits of each weight, through a few layers and steps. */
const FP16_TOLERANCE = 0.01;

async function draw(model: Model): Promise<Float32Array> {
  return (await textToImage(model, { prompts: [effusion], steps: 3, guidance: 3, seed: 2 }))[0]!.pixels;
}

async function drawOf(path: string): Promise<Float32Array> {
  const model = await loadModel(path);
  try {
    return await draw(model);
  } finally {
    disposeModel(model);
  }
}

const farthest = (a: Float32Array, b: Float32Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** A model whose encoder is of another family. */
function swapped(kind: 'bert' | 't5', projection: boolean): Model {
  const m = tinyModel();
  const words = m.tokenizer!;
  const config = kind === 'bert' ? smallBertConfig(words) : smallT5Config(words);
  const encoder = createTextEncoder({ config, params: initTextEncoder(config, key(2)) } as never, words);
  try {
    return swapTextEncoder(m, encoder, projection ? { projection } : { unet: 'cross-attention' }).model;
  } finally {
    encoder.dispose();
    disposeModel(m);
  }
}

test(
  'folder, packed with all bits, and packed again are the same model to the byte; with half the bits the images differ by less than is said',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const m = tinyModel();
    await saveModel(m, join(folder, 'model'));
    const [whole, half, again, moved] = ['whole', 'half', 'again', 'moved/one'].map((name) => join(folder, `${name}.safetensors`)) as [
      string,
      string,
      string,
      string,
    ];
    const parameters = Object.values({ ...flatten({ a: m.unet.params, b: m.vae.params, c: m.textEncoder.params as never }) }).reduce(
      (sum, leaf) => sum + leaf.size,
      0,
    );
    assert.equal(await packModel(m, whole, { dtype: 'fp32' }), parameters);
    assert.equal(await packModel(m, half), parameters);
    const want = await drawOf(join(folder, 'model'));
    assert.deepEqual(await drawOf(whole), want);
    mkdirSync(join(folder, 'moved'));
    cpSync(whole, moved); // nothing lies beside it there
    const opened = await loadModel(moved);
    assert.deepEqual(await draw(opened), want);
    assert.equal(opened.tokenizer!.maxLength, m.tokenizer!.maxLength);
    assert.deepEqual(opened.schedulerConfig, m.schedulerConfig);
    await packModel(opened, again, { dtype: 'fp32' });
    disposeModel(opened);
    assert.deepEqual(readFileSync(again), readFileSync(whole), 'the same model, the same bytes');

    const rounded = await drawOf(half);
    assert.ok(farthest(rounded, want) < FP16_TOLERANCE, `${farthest(rounded, want)} apart`);
    assert.ok(farthest(rounded, want) > 0, 'half the bits are half the bits');
    const [tensors, few] = [await readSafetensors(whole), await readSafetensors(half)];
    for (const name of [
      'model.diffusion_model.input_blocks.0.0.weight',
      'first_stage_model.encoder.mid.attn_1.q.weight',
      'cond_stage_model.transformer.text_model.final_layer_norm.weight',
    ]) {
      assert.equal(few[name]!.dtype, 'F16');
      assert.deepEqual(few[name]!.shape, tensors[name]!.shape);
    }
    assert.equal(
      tensors['first_stage_model.encoder.mid.attn_1.q.weight']!.shape.length,
      4,
      'a convolution, as in the first implementation',
    );
    assert.ok(readFileSync(half).length < readFileSync(whole).length - 1.9 * parameters);
    const twice = await loadModel(half);
    await packModel(twice, again);
    disposeModel(twice);
    assert.deepEqual(readFileSync(again), readFileSync(half), 'rounded once, not again');
    disposeModel(m);
  }),
);

test(
  "encoders of other families keep their own keys, a projection and a pooler are held too, and an encoder's mask is taken",
  { timeout: 120_000 },
  noLeaks(async (t) => {
    const file = join(tempDir(t), 'one.safetensors');
    for (const [kind, projection, known] of [
      ['bert', true, 'cond_stage_model.transformer.encoder.layer.0.attention.self.query.weight'],
      ['t5', false, 'cond_stage_model.transformer.shared.weight'],
    ] as const) {
      const m = swapped(kind, projection);
      if (kind === 'bert') {
        const { params } = m.textEncoder as { params: { pooler?: object } };
        params.pooler = { dense: { weight: tf.ones([64, 64]), bias: tf.zeros([64]) } };
      }
      await packModel(m, file, { dtype: 'fp32' });
      const keys = Object.keys(await readSafetensors(file));
      assert.ok(keys.includes(known), known);
      assert.equal(keys.includes('text_projection.proj.weight'), m.textProjection !== undefined);
      const loaded = await loadModel(file);
      assert.deepEqual(await draw(loaded), await draw(m));
      assert.deepEqual(
        Object.keys(flatten(loaded.textEncoder.params as never)).sort(),
        Object.keys(flatten(m.textEncoder.params as never)).sort(),
      );
      assert.equal(loaded.textEncoder.config.use_attention_mask, m.textEncoder.config.use_attention_mask);
      disposeModel(loaded);
      disposeModel(m);
    }
  }),
);

test(
  'adapters are worked into the weights, and the model keeps its own',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const [file, lora] = [join(folder, 'one.safetensors'), join(folder, 'lora.safetensors')];
    const m = tinyModel();
    const options = { rank: 2, alpha: 2, parts: ['unet'] } as const;
    const added = initLora({ unet: m.unet.params }, options, key(4));
    for (const [path, leaf] of Object.entries(flatten(added)))
      if (path.endsWith('lora_B.weight')) {
        const filled = tf.fill(leaf.shape, 0.3);
        leaf.dispose();
        Object.assign(
          path
            .split('.')
            .slice(0, -1)
            .reduce((at: never, name) => at[name as never], added as never),
          { weight: filled },
        );
      }
    const adapted = withLora({ unet: m.unet.params }, added, options);
    const plain = await draw(m);
    const own = m.unet;
    m.unet = { ...own, params: adapted.unet };
    await saveLora(m, lora);
    const want = await draw(m);
    assert.ok(farthest(want, plain) > 1e-3, 'the adapters do something');
    await packModel(m, file, { dtype: 'fp32' });
    assert.ok(farthest(await drawOf(file), want) < 1e-4);
    assert.deepEqual(await draw(m), want, 'the model still has them');
    const opened = await loadModel(file);
    await loadLora(opened, lora); // a packed model is one as any other
    disposeModel(opened);
    disposeModel(m);
  }),
);

type Header = Record<string, Record<string, unknown>> & { __metadata__: Record<string, string> };

/** A file with another header; data are as they were. */
function withHeader(bytes: Buffer, change: (header: Header) => void): Buffer {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Header;
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json, bytes.subarray(8 + length)]);
}

/** A text of the header changed as JSON, or replaced. */
const text =
  (name: string, change: object | string) =>
  (bytes: Buffer): Buffer =>
    withHeader(bytes, ({ __metadata__: texts }) => {
      texts[name] = typeof change === 'string' ? change : JSON.stringify({ ...(JSON.parse(texts[name]!) as object), ...change });
    });
const without =
  (name: string) =>
  (bytes: Buffer): Buffer =>
    withHeader(bytes, ({ __metadata__: texts }) => void delete texts[name]);
const renamed =
  (from: string, to: string) =>
  (bytes: Buffer): Buffer =>
    withHeader(bytes, (header) => {
      header[to] = header[from]!;
      delete header[from];
    });

const first = 'model.diffusion_model.input_blocks.0.0.weight';
const [unet, vae, encoder, scheduler, vocabulary] = [
  'unet/config.json',
  'vae/config.json',
  'text_encoder/config.json',
  'scheduler/scheduler_config.json',
  'tokenizer/tokenizer.json',
] as const;
const again = /copy the file again, or pack the model again with "roentgen pack-model"/;

const damages: readonly (readonly [what: string, damage: (bytes: Buffer) => Buffer, says: RegExp, more?: RegExp])[] = [
  ['cut off', (bytes) => bytes.subarray(0, bytes.length - 100), /truncated|belong to none|ends at data byte/],
  ['cut in its header', (bytes) => bytes.subarray(0, 500), /truncated/],
  ['an HTML page', () => Buffer.from('<!DOCTYPE html><html>404</html>'), /HTML page/],
  ['no layout', without('roentgen_lab'), /its header has no roentgen_lab/, again],
  ['a later layout', text('roentgen_lab', '7'), /is packed in layout "7", expected "1": open it with the version/],
  ['no config', without(vae), /its header has no vae\/config\.json/, again],
  ['no scheduler', without(scheduler), /its header has no scheduler/, again],
  ['text that is not JSON', text(unet, '{"sample_size": 8,'), /unet\/config\.json in its header: is not valid JSON/, again],
  ['a list', text(encoder, '[]'), /text_encoder\/config\.json in its header: is not a JSON object/, again],
  [
    'another U-Net',
    text(unet, { _class_name: 'UNet3DConditionModel' }),
    /_class_name: expected UNet2DConditionModel, got "UNet3DConditionModel"/,
    again,
  ],
  ['another autoencoder', text(vae, { _class_name: 'AutoencoderTiny' }), /expected AutoencoderKL, got "AutoencoderTiny"/, again],
  ['a language model', text(encoder, { model_type: 'gpt2' }), /its model_type is "gpt2"/, again],
  ['another scheduler', text(scheduler, { _class_name: 'LCMScheduler' }), /LCMScheduler is not supported/, again],
  ['an unknown key', text(unet, { brand_new: 3 }), /brand_new is unknown/, again],
  [
    'a config that asks for the impossible',
    text(unet, { layers_per_block: 1e8 }),
    /layers_per_block: expected a whole number from 1 to 1000/,
    again,
  ],
  ['more layers than there are', text(encoder, { num_hidden_layers: 2 }), /missing \(\d+\):\s+text_model\.encoder\.layers\.1/],
  ['wider than it is', text(vae, { block_out_channels: [8, 16] }), /wrong shape \(in the file\)/],
  ['parts that do not fit', text(encoder, { hidden_size: 20 }), /is 20 wide, but the U-Net's cross_attention_dim is 16/],
  ['a vocabulary beyond the encoder', text(encoder, { vocab_size: 3 }), /the tokenizer has \d+ ids, but the text encoder only 3/],
  [
    'an overlong config',
    text(unet, `{"comment": "${'x'.repeat(1.1e6)}"}`),
    /unet\/config\.json in its header has 1100015 characters, expected at most 1000000/,
    again,
  ],
  ['deep nesting', text(scheduler, '['.repeat(400_000)), /scheduler_config\.json in its header: is not valid JSON/, again],
  [
    'a damaged vocabulary',
    text(vocabulary, { model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }),
    /the tokenizer in its header: its vocabulary has entries/,
    again,
  ],
  ['no vocabulary but its settings', without(vocabulary), /the tokenizer in its header: is not a tokenizer/, again],
  [
    'a projection without weights',
    text('text_projection/config.json', '{"_class_name":"RoentgenTextProjection","in_features":16,"out_features":16}'),
    /missing \(2\):\s+proj\.weight/,
  ],
  [
    'a missing tensor',
    (bytes) => renamed(first, 'model.diffusion_model.input_blocks.0.0.width')(bytes),
    /missing \(1\):\s+conv_in\.weight\s+unexpected \(1\)/,
  ],
  ['a tensor of no part', renamed(first, 'model_ema.decay'), /tensors of no part of its model, 1: model_ema\.decay/, again],
  ['a tensor for the prototype', renamed(first, 'model.diffusion_model.__proto__.polluted'), /this name is not allowed/],
  [
    'texts that are no strings',
    (bytes) => withHeader(bytes, (header) => Object.assign(header, { __metadata__: { roentgen_lab: 1 } })),
    /not a map of strings/,
  ],
];

test(
  'what a packed file can get wrong is a FileError that names it and says what to do',
  { timeout: 120_000 },
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const [good, bad] = [join(folder, 'good.safetensors'), join(folder, 'bad.safetensors')];
    const m = tinyModel();
    await packModel(m, good);
    disposeModel(m);
    const bytes = readFileSync(good);
    for (const [what, damage, says, more = /^/] of damages) {
      writeFileSync(bad, damage(bytes));
      const error = await loadModel(bad).then(
        () => assert.fail(`${what}: opened`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof FileError, `${what}: ${error}`);
      assert.equal(error.path, bad, what);
      assert.match(error.message, says, what);
      assert.match(error.message, more, what);
    }
    writeFileSync(bad, text(scheduler, { clip_sample: false })(bytes));
    disposeModel(await loadModel(bad)); // the way of changing a header leaves a good file good
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  }),
);

test(
  'a weight beyond float16, or one that is not finite, is an error that leaves the file as it was',
  noLeaks(async (t) => {
    const file = join(tempDir(t), 'one.safetensors');
    writeFileSync(file, 'before');
    const m = tinyModel();
    const { bias } = m.unet.params.conv_out;
    const put = (value: number): void => {
      const values = bias!.dataSync().slice();
      values[1] = value;
      m.unet.params.conv_out.bias = tf.tensor1d(values);
    };
    put(65505);
    await assert.rejects(
      packModel(m, file),
      (error: Error) =>
        error instanceof FileError && /out\.2\.bias: value 1 is 65505, float16 reaches to 65504; pack it as fp32/.test(error.message),
    );
    assert.equal(readFileSync(file, 'utf8'), 'before');
    m.unet.params.conv_out.bias!.dispose();
    put(Number.NaN);
    await assert.rejects(packModel(m, file, { dtype: 'fp32' }), /out\.2\.bias: value 1 is NaN; the model is broken/);
    m.unet.params.conv_out.bias!.dispose();
    put(-65504);
    await packModel(m, file);
    assert.equal((await readSafetensors(file))['model.diffusion_model.out.2.bias']!.data[1], -65504);
    bias!.dispose();
    disposeModel(m);
  }),
);

test('no path of a machine goes with a model; addresses and words with strokes stay', () => {
  for (const [from, to] of [
    ['Trained from /home/anna/runs/base/model on 400 images', 'Trained from model on 400 images'],
    ['in `C:\\Users\\anna\\base` and "~/runs/base".', 'in `base` and "base".'],
    ['file:///home/anna/a.csv', 'a.csv'],
    ['\\\\server\\share\\base', 'base'],
    [
      'https://github.com/CompVis/stable-diffusion and/or arXiv:2112.10752, runs/base/model, 24/32, </s>',
      'https://github.com/CompVis/stable-diffusion and/or arXiv:2112.10752, runs/base/model, 24/32, </s>',
    ],
  ] as const)
    assert.equal(portableText(from), to);
  assert.deepEqual(
    portableConfig({
      _class_name: 'X',
      _name_or_path: '/home/anna/x',
      comment: 'Anna’s',
      vocab_file: '/home/anna/v.json',
      eos_token: '</s>',
      n: 3,
      list: [1],
    }),
    {
      _class_name: 'X',
      eos_token: '</s>',
      n: 3,
      list: [1],
    },
  );
});
