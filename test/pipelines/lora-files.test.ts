/** Adapter files as other programs write them: five spellings, strengths by layer, layers beside attention, and what is refused. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, dispose, flatten, foldIn, key } from 'roentgen-lab/engine';
import { writeSafetensors } from 'roentgen-lab/files';
import { disposeModel, loadLora, type Model, removeLora, saveLora, textToImage } from 'roentgen-lab/pipelines';
import { normalArray } from '#engine/internal';
import { fileShape } from '#files/internal';
import { mergeLora } from '#pipelines/adapters/lora';
import { assertSameTree } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';
import { tinyModel } from './tiny-model';

type Tensors = Record<string, { shape: number[]; data: Float32Array }>;
type Part = 'unet' | 'textEncoder';

interface Layer {
  readonly part: Part;
  readonly layer: string;
  readonly A: { shape: number[]; data: Float32Array };
  readonly B: { shape: number[]; data: Float32Array };
}

/** Adapters in PyTorch's layout for the layers that the pattern names, A scaled down so that weights stay of their size. */
function adaptersOf(model: Model, pattern: RegExp, rankOf: (layer: string) => number = () => 2): Layer[] {
  return (['unet', 'textEncoder'] as const).flatMap((part) =>
    Object.entries(flatten(model[part].params)).flatMap(([path, leaf], i): Layer[] => {
      if (!path.endsWith('.weight') || !pattern.test(`${part}.${path}`)) return [];
      const [outputs, inputs, ...taps] = fileShape(path, leaf.shape) as [number, number, ...number[]];
      const rank = rankOf(path);
      const tensor = (shape: number[], n: number): Layer['A'] => {
        const size = shape.reduce((a, b) => a * b, 1);
        return { shape, data: normalArray(foldIn(foldIn(key(3), i), n), size).map((value) => value * 0.2) };
      };
      const A = tensor([rank, inputs, ...taps], 1);
      return [{ part, layer: path.replace(/\.weight$/, ''), A, B: tensor([outputs, rank, ...taps.map(() => 1)], 2) }];
    }),
  );
}

const attention = /attn[12]\.to_|self_attn\.(q|k|v|out)_proj/;
const fileNames = { unet: 'unet', textEncoder: 'text_encoder' } as const;

/** Each spelling as functions of a layer: the names of A and B. */
const spellings: Readonly<Record<string, (layer: Layer) => [a: string, b: string]>> = {
  diffusers: ({ part, layer }) => [`${fileNames[part]}.${layer}.lora_A.weight`, `${fileNames[part]}.${layer}.lora_B.weight`],
  'diffusers, down and up': ({ part, layer }) => [
    `${fileNames[part]}.${layer}.lora.down.weight`,
    `${fileNames[part]}.${layer}.lora.up.weight`,
  ],
  'diffusers 0.11 to 0.20': ({ part, layer }) => {
    const old =
      part === 'unet'
        ? layer.replace(/\.to_out\.0$/, '.to_out').replace(/\.(to_\w+)$/, '.processor.$1_lora')
        : layer.replace(/\.(q|k|v|out)_proj$/, '.to_$1_lora');
    return [`${fileNames[part]}.${old}.down.weight`, `${fileNames[part]}.${old}.up.weight`];
  },
  'linear layers': ({ part, layer }) => [
    `${fileNames[part]}.${layer}.lora_linear_layer.down.weight`,
    `${fileNames[part]}.${layer}.lora_linear_layer.up.weight`,
  ],
  PEFT: ({ layer }) => [`base_model.model.${layer}.lora_A.weight`, `base_model.model.${layer}.lora_B.weight`],
  'PEFT, named': ({ layer }) => [`base_model.model.${layer}.lora_A.default.weight`, `base_model.model.${layer}.lora_B.default.weight`],
  kohya: ({ part, layer }) => {
    const name = `${part === 'unet' ? 'lora_unet' : 'lora_te'}_${layer.replaceAll('.', '_')}`;
    return [`${name}.lora_down.weight`, `${name}.lora_up.weight`];
  },
};

function written(layers: readonly Layer[], spelling: string): Tensors {
  return Object.fromEntries(
    layers.flatMap((layer) => {
      const [a, b] = spellings[spelling]!(layer);
      return [
        [a, layer.A],
        [b, layer.B],
      ];
    }),
  );
}

async function fileOf(t: TestContext, tensors: Tensors, config?: object, part = 'unet'): Promise<string> {
  const file = join(tempDir(t), 'adapters.safetensors');
  const header = Object.fromEntries(Object.entries(config ?? {}).map(([name, value]) => [`${part}.${name}`, value]));
  await writeSafetensors(file, tensors, config ? { lora_adapter_metadata: JSON.stringify(header) } : {});
  return file;
}

/** Both networks' weights after the file was merged; the caller disposes them. */
async function merged(file: string, strength?: number): Promise<{ unet: Model['unet']['params']; textEncoder: never }> {
  const model = tinyModel();
  try {
    await loadLora(model, file, strength === undefined ? {} : { strength });
    mergeLora(model);
    return { unet: cloneTree(model.unet.params), textEncoder: cloneTree(model.textEncoder.params as never) };
  } finally {
    disposeModel(model);
  }
}

test(
  'every spelling gives the same weights',
  noLeaks(async (t) => {
    const plain = tinyModel();
    const layers = adaptersOf(plain, attention);
    assert.ok(layers.some(({ part }) => part === 'textEncoder') && layers.length > 20);
    const reference = await merged(await fileOf(t, written(layers, 'diffusers')));
    assert.throws(() => assertSameTree(reference.unet, plain.unet.params));
    for (const spelling of Object.keys(spellings)) {
      const got = await merged(await fileOf(t, written(layers, spelling)));
      assertSameTree(got.unet, reference.unet);
      assertSameTree(got.textEncoder, reference.textEncoder);
      dispose(got);
    }
    // As transformers 5 writes the text encoder's names, and as older files leave out the network's.
    const short = written(layers, 'diffusers');
    const renamed = Object.fromEntries(
      Object.entries(short).map(([name, tensor]) => [name.replace('text_model.', '').replace(/^unet\./, ''), tensor]),
    );
    const got = await merged(await fileOf(t, renamed));
    assertSameTree(got.textEncoder, reference.textEncoder);
    assertSameTree(got.unet, reference.unet);
    dispose(got, reference);
    disposeModel(plain);
  }),
);

test(
  'strengths: alpha of each layer, patterns of layers, rank stabilisation, and a factor of one’s own',
  noLeaks(async (t) => {
    const plain = tinyModel();
    const rankOf = (layer: string): number => (layer.includes('to_k') ? 4 : 2);
    const layers = adaptersOf(plain, /^unet\..*attn[12]\.to_[qk]/, rankOf);
    /** What kohya's `.alpha` tensors say is the reference: scale alpha / rank. */
    const byAlpha = (alphaOf: (layer: string) => number): Tensors => {
      const tensors = written(layers, 'kohya');
      for (const { layer } of layers)
        tensors[`lora_unet_${layer.replaceAll('.', '_')}.alpha`] = { shape: [], data: Float32Array.of(alphaOf(layer)) };
      return tensors;
    };
    const same = async (config: object, alphaOf: (layer: string) => number, strength?: number): Promise<void> => {
      const [got, want] = [
        await merged(await fileOf(t, written(layers, 'diffusers'), config), strength),
        await merged(await fileOf(t, byAlpha(alphaOf))),
      ];
      const [a, b] = [flatten(got.unet), flatten(want.unet)];
      for (const path of Object.keys(b)) assertClose(a[path]!, b[path]!, 1e-6, `${JSON.stringify(config)} ${path}`);
      dispose(got, want);
    };
    await same({ r: 2, lora_alpha: 6 }, () => 6);
    await same({}, rankOf);
    await same({ r: 2, lora_alpha: 4, rank_pattern: { to_k: 4 }, alpha_pattern: { to_k: 2 } }, (layer) => (layer.includes('to_k') ? 2 : 4));
    await same({ r: 2, lora_alpha: 4, alpha_pattern: { 'attn1\\.to_.': 1 } }, (layer) => (layer.includes('attn1') ? 1 : 4));
    await same({ r: 2, lora_alpha: 4, alpha_pattern: { o_q: 9 } }, () => 4); // no whole name
    await same(
      { r: 2, lora_alpha: 8, use_rslora: true, lora_dropout: 0.1, init_lora_weights: 'gaussian' },
      (layer) => 8 * Math.sqrt(rankOf(layer)),
    );
    await same({ r: 2, lora_alpha: 6 }, () => 3, 0.5);
    await same({ r: 2, lora_alpha: 6 }, () => -6, -1);
    await same({ r: 2, lora_alpha: 6 }, () => 0, 0);
    disposeModel(plain);
  }),
);

test(
  "PEFT's adapter_config.json beside the file says the strength",
  noLeaks(async (t) => {
    const plain = tinyModel();
    const layers = adaptersOf(plain, /^unet\..*attn1\.to_q/);
    const file = await fileOf(t, written(layers, 'PEFT'));
    writeFileSync(
      join(file, '..', 'adapter_config.json'),
      JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 8, target_modules: ['to_q'] }),
    );
    const [got, want] = [await merged(file), await merged(await fileOf(t, written(layers, 'diffusers'), { r: 2, lora_alpha: 8 }))];
    assertSameTree(got.unet, want.unet);
    dispose(got, want);
    disposeModel(plain);
  }),
);

test(
  'adapters of convolutions and of other linear layers act, come off bit for bit, and are written again',
  noLeaks(async (t) => {
    const [model, plain] = [tinyModel(), tinyModel()];
    const layers = adaptersOf(model, /proj_in|proj_out|ff\.net|resnets.*conv|time_emb_proj|samplers|attn1\.to_q|mlp\.fc1/);
    assert.ok(layers.some(({ A }) => A.shape[2] === 3) && layers.some(({ A }) => A.shape[2] === 1));
    const file = await fileOf(t, written(layers, 'kohya'));
    const draw = async (): Promise<Float32Array> =>
      (await textToImage(model, { prompts: ['left pleural effusion'], steps: 2, seed: 3 }))[0]!.pixels;
    const before = await draw();
    await loadLora(model, file);
    const unmerged = await draw();
    assert.ok(Math.max(...unmerged.map((value, i) => Math.abs(value - before[i]!))) > 1e-3);
    // ΔW of a convolution is that of its taps: W + B A for each.
    const { layer, A, B } = layers.find(({ A: { shape } }) => shape[2] === 3)!;
    const [rank, inputs] = A.shape as [number, number];
    const [W, W0] = [model, plain].map((one) => flatten(one.unet.params)[`${layer}.weight`]!);
    const difference = tf.tidy(() => tf.sub(W!, W0!).arraySync()) as number[][][][];
    const at = (o: number, i: number, y: number, x: number): number =>
      Array.from({ length: rank }, (_, r) => B.data[o * rank + r]! * A.data[((r * inputs + i) * 3 + y) * 3 + x]!).reduce((a, b) => a + b);
    for (const [o, i, y, x] of [
      [0, 0, 0, 0],
      [1, 2, 1, 2],
      [3, 1, 2, 0],
    ] as const)
      assert.ok(Math.abs(difference[y]![x]![i]![o]! - at(o, i, y, x)) < 1e-5);
    const again = join(tempDir(t), 'again.safetensors');
    await saveLora(model, again);
    removeLora(model);
    assertSameTree(model.unet.params, plain.unet.params);
    assertSameTree(model.textEncoder.params as never, plain.textEncoder.params as never);
    await loadLora(model, again);
    mergeLora(model);
    assertClose(await draw(), unmerged, 2e-5, 'merged');
    for (const one of [model, plain]) disposeModel(one);
  }),
);

test(
  'what is no plain adapter of this model is refused by name, and the model is as it was',
  noLeaks(async (t) => {
    const model = tinyModel();
    const layers = adaptersOf(model, /^unet\..*attn1\.to_q/);
    const good = written(layers, 'diffusers');
    const first = Object.keys(good)[0]!;
    const one = { shape: [1], data: Float32Array.of(1) };
    const refused = async (tensors: Tensors, config: object | undefined, message: RegExp): Promise<void> => {
      await assert.rejects(loadLora(model, await fileOf(t, tensors, config)), message);
    };
    for (const [config, message] of [
      [{ use_dora: true }, /use_dora is true: such adapters are not supported/],
      [{ fan_in_fan_out: true }, /fan_in_fan_out is true/],
      [{ lora_bias: true }, /lora_bias is true/],
      [{ bias: 'all' }, /bias is "all": adapters that change biases/],
      [{ init_lora_weights: 'pissa' }, /init_lora_weights is "pissa": it changed the model's own weights/],
      [{ modules_to_save: ['conv_out'] }, /modules_to_save is \["conv_out"\]/],
      [{ some_new_method: { rate: 2 } }, /some_new_method is \{"rate":2\}/],
      [{ peft_type: 'LOHA' }, /only LORA/],
      [{ lora_alpha: '8' }, /lora_alpha: expected a number, got "8"/],
      [{ alpha_pattern: { 'to_(q': 3 } }, /alpha_pattern: "to_\(q" is not a regular expression/],
    ] as const)
      await refused(good, config, message);
    await refused({ ...good, [first.replace('lora_A.weight', 'lora_magnitude_vector')]: one }, undefined, /this is DoRA/);
    await refused({ 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a': one }, undefined, /this is LoHa/);
    await refused({ 'lora_unet_mid_block_attentions_0_proj_in.lokr_w1': one }, undefined, /this is LoKr/);
    await refused({ 'lora_unet_conv_in.diff': one }, undefined, /full differences/);
    await refused(
      { 'lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_down.weight': one },
      undefined,
      /1 of 1 tensors fit no layer.*Stable Diffusion XL/,
    );
    await refused({ 'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': one }, undefined, /diffusion transformer \(Flux/);
    await refused({ 'lora_unet_down_blocks_7_attentions_0_proj_in.lora_down.weight': one }, undefined, /its names are kohya's/);
    await refused(Object.fromEntries(Object.entries(good).slice(1)), undefined, /but no lora_[AB] beside it/);
    await refused({ ...good, [first]: { shape: [2, 5], data: new Float32Array(10) } }, undefined, /are no adapter of a weight/);
    await refused({ ...good, [first.replace('.lora_A.', '.lora_A.second.')]: good[first]! }, undefined, /one file holds one adapter/);
    await assert.rejects(loadLora(model, await fileOf(t, good), { strength: Number.NaN }), /strength: expected a number/);
    const plain = tinyModel();
    assertSameTree(model.unet.params, plain.unet.params);
    for (const each of [model, plain]) disposeModel(each);
  }),
);
