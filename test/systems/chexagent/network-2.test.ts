import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { chatTemplate } from 'roentgen-lab/decoders';
import { dispose, flatten, key, scope, type Tree, unflatten } from 'roentgen-lab/engine';
import {
  answerAsWritten,
  answerAttention,
  askedCheXagent2,
  type CheXagent2Config,
  cheXagent2Shapes,
  embedWithImages,
  IMAGE_TOKEN,
  initCheXagent2,
  openAsked,
  promptTokens,
} from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { causalScores } from '#decoders/internal';
import { saveParameters, toEngineLayout } from '#files/internal';
import { noLeaks, root, tempDir } from '../../support';

interface Golden {
  readonly config: CheXagent2Config;
  readonly parameters: readonly { readonly key: string; readonly shape: number[] }[];
  readonly ids: readonly number[];
  /** Stands for a place of an image in `ids`. */
  readonly place: number;
  readonly images: number[][][];
  readonly logits: number[][];
}

const golden: Golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'chexagent-2.json'), 'utf8'));

/** The weights of golden/chexagent-2.py. */
function weights(): Tree {
  return unflatten<Tree>(
    Object.fromEntries(
      golden.parameters.map(({ key: name, shape }, number) => {
        const more = /(norm\w*|ln_post)\.weight$/.test(name) ? 1 : 0;
        const size = shape.reduce((a, b) => a * b, 1);
        const values = Float32Array.from({ length: size }, (_, i) => 0.3 * Math.sin(2.17 * i + number) + more);
        const { data, shape: own } = toEngineLayout(name, shape, values);
        return [name, tf.tensor(data, own)];
      }),
    ),
  );
}

const assertNear = (got: tf.Tensor, wanted: readonly number[]): void =>
  (got.dataSync() as Float32Array).forEach(
    (value, i) => void assert.ok(Math.abs(value - wanted[i]!) < 5e-5, `${i}: ${value}, ${wanted[i]}`),
  );

test(
  "images' states before the encoder's last norm go through the bridge among the tokens of Phi: what the reference implementations say",
  noLeaks(() => {
    const { config, ids, place, images, logits } = golden;
    const network = askedCheXagent2(config, chatTemplate(''));
    const params = weights();
    assert.deepEqual(Object.keys(cheXagent2Shapes(config)).sort(), golden.parameters.map((one) => one.key).sort());
    const pixels = tf.tidy(() => tf.add(0.5, tf.mul(0.5, tf.reshape(tf.sin(tf.mul(tf.range(0, 128), 0.37)), [2, 8, 8, 1]))) as tf.Tensor4D);
    const states = network.see(params, pixels);
    const bridged = network.bridge(params, states);
    assertNear(bridged, images.flat(2));
    const said = scope(() => {
      const tokens = tf.tensor2d([ids.map((id) => (id === place ? IMAGE_TOKEN : id))], undefined, 'int32');
      return network.language(params).forward(params, {
        ids: tokens,
        embeddings: embedWithImages(network, params, tokens, states),
        positions: tf.tensor2d([ids.map((_, i) => i)], undefined, 'int32'),
        scores: causalScores({ mask: [ids.map(() => 1)], from: 0, length: ids.length }),
      }).logits;
    });
    assertNear(said, logits.flat());
    dispose(params, { pixels, states, bridged, said });
  }),
);

const tokenizer = trainBpe(['the heart is large', 'a left effusion'], { vocabularySize: 520, maxLength: 32 }).withTokens([
  '<|img|>',
  '<|/img|>',
]);
const TEMPLATE =
  "{% for message in messages %}{{ message['from'] }}: {{ message['value'] }}\n{% endfor %}{% if add_generation_prompt %}gpt: {% endif %}";
const config: CheXagent2Config = { ...golden.config, vocab_size: 540, max_position_embeddings: 200 };

async function published(folder: string): Promise<void> {
  const params = initCheXagent2(config, key(1)) as Tree;
  await tokenizer.save(folder);
  writeFileSync(join(folder, 'chat_template.jinja'), TEMPLATE);
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, architectures: ['CheXagentForCausalLM'], auto_map: {} }));
  await saveParameters(folder, 'model', params);
  dispose(params);
}

test(
  'a published folder is told from one of the first family, is asked by its template about one image or two, and shows where it looks',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    await published(folder);
    const model = await openAsked(folder);
    const { network, params } = model;
    assert.equal(network.name, 'chexagent-2');
    const two = promptTokens(model, 'the heart', 2);
    assert.equal(two.filter((id) => id === IMAGE_TOKEN).length, 2 * network.places);
    const [start, end] = ['<|img|>', '<|/img|>'].map((mark) => tokenizer.idOf(mark)!);
    for (const [mark, at] of [
      [start, two.indexOf(IMAGE_TOKEN) - 1],
      [end, two.lastIndexOf(IMAGE_TOKEN) + 1],
    ])
      assert.equal(two[at!], mark);
    const image = Float32Array.from({ length: 64 }, (_, i) => (i % 7) / 7);
    const asked = { images: [image, image], question: 'the heart', temperature: 0, top_p: 1, maxTokens: 3, key: key(2) };
    for await (const text of answerAsWritten(model, asked)) assert.equal(typeof text, 'string');
    const { maps, onImage, side } = answerAttention(model, { image, question: 'the heart', answer: 'a left' });
    assert.equal(side, 2);
    assert.ok(onImage.every((share) => share > 0 && share < 1));
    assert.ok(Math.abs(maps.subarray(0, 4).reduce((a, b) => a + b, 0) - 1) < 1e-5);
    const places = flatten(params)['model.visual.pos_embed']!.arraySync() as number[][];
    assert.deepEqual(places[0], [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
    assert.ok(Math.abs(places[1]![0]! - Math.sin(1)) < 1e-6 && places[1]![6] === 0 && Math.abs(places[2]![6]! - Math.sin(1)) < 1e-6);
    dispose(params);
  }),
);

test(
  'what does not belong together or does not fit into memory is refused in words, before weights are read',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    await published(folder);
    const write = (changes: object): void => writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
    write({ visual: { image_size: 8, output_dim: 31 } });
    await assert.rejects(openAsked(folder), /FileError: .*visual\.output_dim is 31, and the language model has 32 channels/);
    write({ visual: { image_size: 10, output_dim: 32 } });
    await assert.rejects(openAsked(folder), /visual\.image_size is 10, not a multiple of the patches' 4 pixels/);
    write({ visual: null });
    await assert.rejects(openAsked(folder), /FileError: .*visual: expected an object, got null/);
    write({ visual: { image_size: 8, output_dim: 16384 }, hidden_size: 16384, intermediate_size: 65536, num_hidden_layers: 96 });
    await assert.rejects(openAsked(folder), /its networks have .* parameters, \d+ MiB, and \d+ MiB are free here/);
    write({});
    writeFileSync(join(folder, 'chat_template.jinja'), '{{ look_up("heart") }}');
    const model = await openAsked(folder);
    assert.throws(() => promptTokens(model, 'the heart', 1), /RangeError: chat template: can't write this dialogue/);
    dispose(model.params);
    write({ num_hidden_layers: 3 });
    await assert.rejects(openAsked(folder), /does not hold the parameters that its config describes/);
  }),
);
