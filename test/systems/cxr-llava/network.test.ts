import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { generate } from 'roentgen-lab/decoders';
import { dispose, flatten, key, scope, type Tree, uniform } from 'roentgen-lab/engine';
import { readSafetensors, writeSafetensors } from 'roentgen-lab/files';
import {
  askedCxrLlava,
  bareIds,
  dialoguesOf,
  embedWithImages,
  IMAGE_TOKEN,
  initCxrLlava,
  loadCxrLlava,
  promptTokens,
  saveCxrLlava,
  tokensWithImages,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { causalScores } from '#decoders/internal';
import { assertClose, noLeaks, tempDir } from '../../support';
import { tinyConfig } from './tiny';

const tokenizer = trainBpe(['the heart is large', 'a left effusion'], { vocabularySize: 514, maxLength: 32 });

test(
  'a folder is written and read again, the same bytes; published files are read by their own names, what is not used is passed over',
  noLeaks(async (t) => {
    const [one, two] = [join(tempDir(t), 'one'), join(tempDir(t), 'two')];
    const params = initCxrLlava(tinyConfig, key(1));
    await saveCxrLlava(one, { config: tinyConfig, params, tokenizer });
    const read = await loadCxrLlava(one);
    await saveCxrLlava(two, read);
    const weights = 'model.safetensors';
    assert.deepEqual(readFileSync(join(two, weights)), readFileSync(join(one, weights)));
    const tensors = await readSafetensors(join(one, weights));
    assert.deepEqual(tensors['vision_tower.transformer.resblocks.1.attn.in_proj_weight']!.shape, [24, 8]);
    assert.deepEqual(tensors['vision_tower.conv1.weight']!.shape, [8, 1, 4, 4]);
    assert.deepEqual(tensors['llama.layers.1.mlp.gate_proj.weight']!.shape, [24, 16]);
    assert.deepEqual(tensors['mm_projector.weight']!.shape, [16, 8]);
    assert.ok('lm_head.weight' in tensors && 'llama.embed_tokens.weight' in tensors && 'vision_tower.ln_pre.bias' in tensors);
    await writeSafetensors(join(one, weights), { ...tensors, 'vision_tower.proj': { shape: [8, 5], data: new Float32Array(40) } });
    const again = await loadCxrLlava(one);
    const wanted = flatten(params as Tree);
    for (const [name, tensor] of Object.entries(flatten(again.params as Tree))) assertClose(tensor, wanted[name]!, 0, name);
    await writeSafetensors(join(one, weights), { ...tensors, 'qformer.query': { shape: [1], data: new Float32Array(1) } });
    await assert.rejects(loadCxrLlava(one), /does not hold the parameters that its config describes[\s\S]*qformer\.query/);
    dispose(params as Tree, read.params as Tree, again.params as Tree);
  }),
);

test(
  'what does not fit into memory, or not together, is refused before weights are read',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initCxrLlava(tinyConfig, key(1));
    await saveCxrLlava(folder, { config: tinyConfig, params, tokenizer });
    dispose(params as Tree);
    const config = (changes: object): void => writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...tinyConfig, ...changes }));
    config({ llama: { ...tinyConfig.llama, hidden_size: 1024 * 128, intermediate_size: 1024 * 344, num_hidden_layers: 128 } });
    await assert.rejects(
      loadCxrLlava(folder),
      /FileError: .*config\.json.*its networks have .* parameters, \d+ MiB, and \d+ MiB are free here/,
    );
    config({ mm_projector_dim: 9 });
    await assert.rejects(loadCxrLlava(folder), /mm_projector_dim is 9, and the vision encoder has 8 channels/);
    config({ llama: { ...tinyConfig.llama, vocab_size: 20 } });
    await assert.rejects(loadCxrLlava(folder), /FileError/);
  }),
);

test('a text has as many images as are shown, each in as many places as it has patches, and marks of beginning and end only once', () => {
  const { startId, endId } = tokenizer;
  const network = askedCxrLlava(tinyConfig);
  assert.equal(network.places, 4);
  const places = new Array(4).fill(IMAGE_TOKEN);
  const bare = (text: string): number[] => tokenizer.ids(text).slice(1, -1);
  assert.deepEqual(bareIds(tokenizer, 'the heart'), bare('the heart'));
  assert.deepEqual(tokensWithImages(tokenizer, 'the <image> heart', 4, 1), [startId, ...bare('the '), ...places, ...bare(' heart')]);
  assert.deepEqual(tokensWithImages(tokenizer, '<image><image>', 4, 2), [...places, ...places]);
  assert.deepEqual(tokensWithImages(tokenizer, '<image> heart', 4, 1), [...places, startId, ...bare(' heart')]);
  assert.throws(() => tokensWithImages(tokenizer, 'the heart', 4, 1), /RangeError: .*<image> once.*got it 0 times/);
  assert.throws(() => tokensWithImages(tokenizer, '<image><image>', 4, 1), /got it 2 times/);
  const asked = { network, tokenizer };
  assert.throws(() => promptTokens(asked, 'the heart', 3), /RangeError: cxr-llava: expected one image, got 3/);
  assert.throws(() => promptTokens(asked, 'the <image> heart', 1), /got it 2 times/);
  const instruction = { images: [5], question: 'the heart', answer: 'a left effusion' };
  const { dialogues, cut } = dialoguesOf(asked, [instruction], 200);
  assert.deepEqual(dialogues[0]!.answer, [...bare('a left effusion'), endId]);
  assert.equal(cut, 0);
  const prompt = dialogues[0]!.prompt.length;
  const long = { ...instruction, question: 'the heart '.repeat(10_000) };
  assert.deepEqual(dialoguesOf(asked, [long, instruction], prompt + 2), {
    dialogues: [{ images: [5], prompt: dialogues[0]!.prompt, answer: bare('a left effusion').slice(0, 2) }],
    instructions: [instruction],
    cut: 1,
    tooLong: 1,
  });
  assert.throws(() => dialoguesOf(asked, [long], 100), /RangeError: cxr-llava: none of 1 questions is shorter than 100 tokens/);
});

test(
  'what follows a text with an image hangs on the image, and is what one pass over each longer row says; with beams too',
  noLeaks(async () => {
    const params = initCxrLlava(tinyConfig, key(2)) as Tree;
    const network = askedCxrLlava(tinyConfig);
    const model = network.language(params);
    const prompt = tokensWithImages(tokenizer, 'a <image> heart', 4, 1);
    const embed = (ids: tf.Tensor2D, pixels: tf.Tensor4D): tf.Tensor3D =>
      scope(() => embedWithImages(network, params, ids, network.see(params, pixels)));
    const greedy = (pixels: tf.Tensor4D): number[] => {
      const row = [...prompt];
      for (let i = 0; i < 4; i++)
        row.push(
          scope(() => {
            const ids = tf.tensor2d([row], [1, row.length], 'int32');
            const { logits } = model.forward(params, {
              ids,
              embeddings: embed(ids, pixels),
              positions: tf.tensor2d([row.map((_, at) => at)], [1, row.length], 'int32'),
              scores: causalScores({ mask: [row.map(() => 1)], from: 0, length: row.length }),
            });
            const last = (logits.dataSync() as Float32Array).slice(-tinyConfig.llama.vocab_size!);
            return last.reduce((best, value, at, all) => (value > all[best]! ? at : best), 0);
          }),
        );
      return row;
    };
    const written = new Set<string>();
    for (const seed of [1, 2, 3]) {
      const pixels = uniform(key(seed), [1, 8, 8, 1]) as tf.Tensor4D;
      const ids = tf.tensor2d([prompt], undefined, 'int32');
      const embeddings = embed(ids, pixels);
      const options = { maxNewTokens: 4, end: -1, padding: 0 };
      const wanted = greedy(pixels);
      assert.deepEqual(generate(model, { ids: [prompt], embeddings }, options).sequences, [wanted]);
      assert.equal(generate(model, { ids: [prompt], embeddings }, { ...options, beams: 3 }).sequences.length, 3);
      written.add(wanted.join());
      dispose({ pixels, ids, embeddings });
    }
    assert.ok(written.size > 1);
    dispose(params);
  }),
);
