import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createTextEncoder, initTextEncoder, type TextEncoder, type TextEncoderConfig } from 'roentgen-lab/encoders';
import { dispose, flatten, key } from 'roentgen-lab/engine';
import {
  disposeModel,
  encodePrompts,
  foldTextProjection,
  loadModel,
  type Model,
  saveModel,
  swapTextEncoder,
  textToImage,
} from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { checkModel } from '#pipelines/model';
import { forgetNetworks } from '#pipelines/networks';
import { assertSameTree } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';
import { effusion, tinyModel } from './tiny-model';

const tokenizer = trainBpe(['left pleural effusion', 'edema edema'], { vocabularySize: 530, maxLength: 32 });

/** A BERT of this width, or a T5, with a window of its own. */
function encoderOf(width: number, kind: 'bert' | 't5' = 'bert'): TextEncoder {
  const vocab_size = tokenizer.vocabularySize;
  const config: TextEncoderConfig =
    kind === 'bert'
      ? {
          model_type: 'bert',
          vocab_size,
          hidden_size: width,
          intermediate_size: 32,
          num_hidden_layers: 1,
          num_attention_heads: 2,
          max_position_embeddings: 32,
          initializer_range: 0.5,
        }
      : { model_type: 't5', vocab_size, d_model: width, d_kv: 8, d_ff: 32, num_layers: 1, num_heads: 2 };
  return createTextEncoder({ config, params: initTextEncoder(config, key(7)) }, tokenizer);
}

const request = { prompts: [effusion], steps: 2, seed: 5, guidance: 3 };
const pictureOf = async (model: Model): Promise<Float32Array> => (await textToImage(model, request))[0]!.pixels;

test(
  'equal widths: directly, with the tokenizer; what is left alone is the same',
  noLeaks(async () => {
    const [model, encoder] = [tinyModel(), encoderOf(16)];
    const swap = swapTextEncoder(model, encoder);
    assert.deepEqual(
      [swap.from, swap.to],
      [
        { kind: 'CLIP', width: 16 },
        { kind: 'BERT', width: 16 },
      ],
    );
    assert.deepEqual([swap.unet, swap.projection, swap.newWeights, swap.trains], ['kept', false, 0, ['unet']]);
    assert.match(
      swap.note,
      /^BERT \(16 wide, 32 tokens\) is in place of CLIP \(16 wide\); the U-Net is kept\. To be trained now: the U-Net\./,
    );
    assert.match(swap.note, /Until it is trained, its images are meaningless\.$/);
    assertSameTree(swap.model.unet.params, model.unet.params);
    assert.equal(swap.model.tokenizer, tokenizer);
    assert.equal(model.textEncoder.config.model_type, undefined, 'the given model stays');
    const { context, lostTokens } = encodePrompts(swap.model, [effusion, 'edema '.repeat(60)]);
    const alone = await encoder.encode([effusion]);
    assert.ok(lostTokens[1]! > 20 && lostTokens[0] === 0);
    tf.tidy(() => assertClose(tf.slice(context, [0, 0, 0], [1, -1, -1]), alone.context, 1e-6, 'padding is masked, as when used alone'));
    tf.dispose([context, alone.context, alone.mask, alone.pooled]);
    encoder.dispose();
    disposeModel(swap.model);
    disposeModel(model);
  }),
);

test(
  'other widths: a projection that is saved, loaded and folded; the pictures stay the same',
  noLeaks(async (t) => {
    const [model, encoder] = [tinyModel(), encoderOf(24)];
    const { model: swapped, ...swap } = swapTextEncoder(model, encoder, { key: key(3), train: true });
    assert.deepEqual([swap.projection, swap.newWeights, swap.trains], [true, 24 * 16 + 16, ['unet', 'textEncoder', 'projection']]);
    assert.match(swap.note, /behind a new projection to 16.*400 weights are random now.*the U-Net and the text encoder and the projection/);
    const made = await pictureOf(swapped);

    const folder = join(tempDir(t), 'model');
    await saveModel(swapped, folder);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'text_projection', 'config.json'), 'utf8')), {
      _class_name: 'RoentgenTextProjection',
      in_features: 24,
      out_features: 16,
    });
    const index = JSON.parse(readFileSync(join(folder, 'model_index.json'), 'utf8'));
    assert.deepEqual(index.text_encoder, ['transformers', 'BertModel']);
    assert.equal(JSON.parse(readFileSync(join(folder, 'text_encoder', 'config.json'), 'utf8')).use_attention_mask, true);
    const loaded = await loadModel(folder);
    assert.deepEqual(await pictureOf(loaded), made);

    const { textProjection, ...rest } = loaded;
    const folded: Model = { ...rest, unet: foldTextProjection(loaded.unet, textProjection!) };
    assert.equal(folded.unet.config.cross_attention_dim, 24);
    assertClose(await pictureOf(folded), made, 1e-5, 'folded');
    await saveModel(folded, folder);
    assert.ok(!existsSync(join(folder, 'text_projection')), 'none is left of the model that was there');
    forgetNetworks(folded);
    dispose(folded.unet.params);
    encoder.dispose();
    for (const each of [model, swapped, loaded]) disposeModel(each);
  }),
);

test(
  'a U-Net whose cross-attention, or all of it, is reinitialised for the width',
  noLeaks(async () => {
    const [model, encoder] = [tinyModel(), encoderOf(24, 't5')];
    const crossed = swapTextEncoder(model, encoder, { unet: 'cross-attention' });
    const [old, made] = [flatten(model.unet.params), flatten(crossed.model.unet.params)];
    let fresh = 0;
    for (const [path, leaf] of Object.entries(made)) {
      if (/attn2\.to_[kv]\.weight$/.test(path)) {
        assert.equal(leaf.shape[0], 24);
        fresh += leaf.size;
      } else assert.deepEqual(leaf.dataSync(), old[path]!.dataSync(), path);
    }
    assert.equal(crossed.newWeights, fresh);
    assert.ok((await pictureOf(crossed.model)).every(Number.isFinite));
    const anew = swapTextEncoder(model, encoder, { unet: 'fresh', key: key(1) });
    assert.equal(anew.unet, 'reinitialised');
    assert.notDeepEqual(flatten(anew.model.unet.params)['conv_in.weight']!.dataSync(), old['conv_in.weight']!.dataSync());
    checkModel(anew.model, 'anew');
    assert.throws(
      () => swapTextEncoder(model, encoder, { projection: false }),
      /the encoder is 24 wide and the U-Net takes 16; give projection: true, or unet: 'cross-attention' or 'fresh'/,
    );
    encoder.dispose();
    for (const each of [model, crossed.model, anew.model]) disposeModel(each);
  }),
);
