import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { cloneTree, dispose, flatten, foldIn, key, mapTree, normal, scope, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { disposeModel, loadLora, type Model, removeLora, saveLora, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { unet } from 'roentgen-lab/unet';
import { merge } from '#engine/internal';
import { openSafetensors } from '#files/internal';
import { initLora, mergeLora, withLora } from '#pipelines/adapters/lora';
import { assertSameTree } from '../networks';
import { assertClose, noLeaks, root, tempDir } from '../support';
import { tinyModel } from './tiny-model';

const options = { rank: 3, alpha: 6, parts: ['unet', 'textEncoder'] as const };

/** A tiny model with adapters that do something. */
function adapted(): Model {
  const model = tinyModel();
  const zero = initLora({ unet: model.unet.params, textEncoder: model.textEncoder.params } as Tree, options, key(2));
  const adapters = mapTree((leaf, path) => tf.tidy(() => tf.mul(normal(foldIn(key(4), path.length), leaf.shape as [number]), 0.3)), zero);
  const both = scope(() => cloneTree(withLora({ unet: model.unet.params, textEncoder: model.textEncoder.params }, adapters, options)));
  dispose(model.unet.params, model.textEncoder.params as Tree, zero, adapters);
  model.unet = { ...model.unet, params: both.unet };
  model.textEncoder = { ...model.textEncoder, params: both.textEncoder };
  return model;
}

const draw = async (model: Model): Promise<Float32Array> =>
  (await textToImage(model, { prompts: ['left pleural effusion'], steps: 3, seed: 3 }))[0]!.pixels;

test(
  'merged and unmerged adapters give the same pictures, others than without; taken off, the bytes are those of before',
  noLeaks(async () => {
    const [model, plain] = [adapted(), tinyModel()];
    const before = await draw(plain);
    const unmerged = await draw(model);
    assert.ok(Math.max(...unmerged.map((value, i) => Math.abs(value - before[i]!))) > 1e-3);
    mergeLora(model);
    assertClose(await draw(model), unmerged, 2e-5, 'merged');
    const other = adapted();
    removeLora(other);
    assertSameTree(other.unet.params, plain.unet.params);
    assertSameTree(other.textEncoder.params as Tree, plain.textEncoder.params as Tree);
    for (const each of [model, plain, other]) disposeModel(each);
  }),
);

test(
  'gradients of A and B are those of the merged weight by the chain rule: s dW Bᵀ and s Aᵀ dW',
  noLeaks(() => {
    const model = adapted();
    const { config, params } = model.unet;
    const inputs = { x: normal<tf.Rank.R4>(key(7), [2, 8, 8, 4]), t: tf.tensor1d([3, 700]), c: normal<tf.Rank.R3>(key(8), [2, 5, 16]) };
    const loss = (now: typeof params): tf.Scalar =>
      scope(() => tf.mean(tf.square(unet(config, now, inputs.x, inputs.t, inputs.c))) as tf.Scalar);
    const merged = tinyModel();
    const own = { ...merged.unet, params: cloneTree(params) };
    const holder: Model = { ...merged, unet: own };
    dispose(merged.unet.params);
    mergeLora(holder);
    const [a, b] = [valueAndGrad(loss)(params), valueAndGrad(loss)(holder.unet.params)];
    assertClose(a.value, b.value, 1e-5, 'loss');
    const [flat, got, weights] = [flatten(params), flatten(a.grads), flatten(b.grads)];
    const layers = Object.keys(flat)
      .filter((path) => path.endsWith('.lora_A.weight'))
      .map((path) => path.replace('.lora_A.weight', ''));
    assert.ok(layers.length >= 8);
    const largest = Math.max(...layers.map((layer) => tf.tidy(() => tf.max(tf.abs(weights[`${layer}.weight`]!)).dataSync()[0]!)));
    for (const layer of layers)
      tf.tidy(() => {
        const [A, B, dW] = [flat[`${layer}.lora_A.weight`], flat[`${layer}.lora_B.weight`], weights[`${layer}.weight`]] as tf.Tensor2D[];
        const s = options.alpha / options.rank;
        const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, largest);
        assertClose(unit(got[`${layer}.lora_A.weight`]!), unit(tf.mul(tf.matMul(dW!, B!, false, true), s)), 2e-5, `${layer} A`);
        assertClose(unit(got[`${layer}.lora_B.weight`]!), unit(tf.mul(tf.matMul(A!, dW!, true, false), s)), 2e-5, `${layer} B`);
      });
    dispose(a.value, a.grads, b.value, b.grads, inputs);
    disposeModel(model);
    disposeModel(holder);
  }),
);

test(
  'the file has the keys that diffusers writes, and loads again bit for bit',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const file = join(folder, 'pytorch_lora_weights.safetensors');
    const [model, plain] = [adapted(), tinyModel()];
    await saveLora(model, file);
    const written = await openSafetensors(file);
    const golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'lora.json'), 'utf8')) as { keys: Record<string, number[]> };
    const got = Object.fromEntries(written.keys.map((name) => [name, written.info(name).shape]));
    // transformers 5 leaves out the prefix that Stable Diffusion's folders have; diffusers reads both
    const theirs = Object.entries(golden.keys).map(([name, shape]) => [
      name.replace(/^text_encoder\.(?!text_model)/, 'text_encoder.text_model.'),
      shape,
    ]);
    assert.deepEqual(got, Object.fromEntries(theirs));
    assert.equal((JSON.parse(written.metadata.lora_adapter_metadata!) as Record<string, number>)['unet.lora_alpha'], 6);
    await written.close();
    await loadLora(plain, file);
    assertSameTree(plain.unet.params, model.unet.params);
    assertSameTree(plain.textEncoder.params as Tree, model.textEncoder.params as Tree);
    await assert.rejects(loadLora(plain, file), /has adapters already/);
    await assert.rejects(saveModel(model, folder), /the model has adapters/);
    removeLora(plain);
    await assert.rejects(saveLora(plain, file), /the model has no adapters/);
    const unknown = tinyModel();
    const narrow = { ...unknown, textEncoder: { ...unknown.textEncoder, params: merge({}) as never } };
    await assert.rejects(loadLora(narrow, file), /fit no layer of the model, first text_encoder\./);
    for (const each of [model, plain, unknown]) disposeModel(each);
  }),
);
