import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BertConfig,
  type BertParams,
  type ClipTextParams,
  createTextEncoder,
  initTextEncoder,
  loadTextEncoder,
  type T5Config,
  type TextEncoderConfig,
} from 'roentgen-lab/encoders';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import { FileError, writeJson } from 'roentgen-lab/files';
import { loadTokenizer, trainBpe } from 'roentgen-lab/tokenizers';
import { initBert } from '#encoders/bert';
import { loadBert } from '#encoders/bert-files';
import { initClip } from '#encoders/clip';
import { saveClip } from '#encoders/clip-files';
import { loadTextEncoderModel, saveTextEncoder } from '#encoders/text-folder';
import { textEncoderFacts } from '#encoders/text-model';
import { readJson, saveParameters } from '#files/internal';
import { assertSameTree } from '../networks';
import { assertClose, noLeaks, tempDir } from '../support';

const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'left', 'effusion', '##s', '.', 'no', 'edema'];
const config: BertConfig = {
  model_type: 'bert',
  vocab_size: 16,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 9,
};
const t5Config: T5Config = { model_type: 't5', vocab_size: 16, d_model: 8, d_kv: 4, d_ff: 12, num_layers: 2, num_heads: 2 };

/** A folder as an old hub has it: `vocab.txt`, a config, and whatever weights. */
async function bertFolder(t: TestContext, params?: Tree, rename?: (key: string) => string): Promise<string> {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'vocab.txt'), `${words.join('\n')}\n`);
  await writeJson(join(folder, 'config.json'), config);
  if (params) await saveParameters(folder, 'model', params, rename ? { rename } : {});
  return folder;
}

test(
  'what is saved loads again, of every kind, with the class that transformers knows',
  noLeaks(async (t) => {
    const kinds: [TextEncoderConfig, string][] = [
      [config, 'BertModel'],
      [{ ...config, model_type: 'roberta' }, 'RobertaModel'],
      [{ ...config, model_type: 'xlm-roberta' }, 'XLMRobertaModel'],
      [t5Config, 'T5EncoderModel'],
      [{ ...t5Config, feed_forward_proj: 'gated-gelu' } as T5Config, 'T5EncoderModel'],
      [
        { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2, vocab_size: 16, eos_token_id: 3 },
        'CLIPTextModel',
      ],
    ];
    for (const [given, className] of kinds) {
      const folder = tempDir(t);
      const params = initTextEncoder(given, key(1));
      await saveTextEncoder(folder, { config: given, params });
      const back = await loadTextEncoderModel(folder);
      assertSameTree(back.params, params);
      assert.deepEqual(((await readJson(join(folder, 'config.json'))) as { architectures: string[] }).architectures, [className]);
      assert.equal(textEncoderFacts(back.config).className, className);
      assert.deepEqual(back.ignored, []);
      dispose(params, back.params);
    }
  }),
);

test(
  'key names of published checkpoints: prefixes, heads, old names of norms, a pooler or none',
  noLeaks(async (t) => {
    const params = initBert(config, key(1));
    const head = { cls: { predictions: { bias: tf.zeros([16]) } }, bert: params };
    const old = (path: string): string => path.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta');
    const masked = await loadBert(await bertFolder(t, head as unknown as Tree, old));
    assertSameTree(masked.params, params);
    assert.deepEqual(masked.ignored, ['cls.predictions.bias']);

    const pooled = { ...params, pooler: { dense: { weight: tf.zeros([8, 8]), bias: tf.zeros([8]) } } } as BertParams;
    const withPooler = await loadBert(await bertFolder(t, pooled));
    assert.ok(withPooler.params.pooler);

    const strange = { ...params, adapter: { weight: tf.zeros([8, 8]) } } as unknown as Tree;
    await assert.rejects(loadBert(await bertFolder(t, strange)), /unexpected \(1\):\s+adapter\.weight/);
    dispose(head.cls, pooled, masked.params, withPooler.params, (strange as unknown as { adapter: Tree }).adapter);
  }),
);

test(
  'a whole T5 gives its encoder, also where the table of tokens is stored under its second name',
  noLeaks(async (t) => {
    const params = initTextEncoder(t5Config, key(1));
    const flat = flatten(params);
    const decoder = { 'decoder.block.0.layer.0.layer_norm.weight': tf.ones([8]), 'lm_head.weight': tf.ones([16, 8]) };
    const save = async (entries: Record<string, tf.Tensor>): Promise<string> => {
      const folder = tempDir(t);
      await saveParameters(folder, 'model', entries);
      await writeJson(join(folder, 'config.json'), {
        ...t5Config,
        architectures: ['T5ForConditionalGeneration'],
        is_encoder_decoder: true,
      });
      return folder;
    };
    const both = await loadTextEncoderModel(await save({ ...flat, ...decoder, 'encoder.embed_tokens.weight': flat['shared.weight']! }));
    assertSameTree(both.params, params);
    assert.deepEqual([...both.ignored].sort(), Object.keys(decoder).sort());
    const { 'shared.weight': table, ...others } = flat;
    const second = await loadTextEncoderModel(await save({ ...others, 'encoder.embed_tokens.weight': table! }));
    assertSameTree(second.params, params);
    dispose(params, decoder, both.params, second.params);
  }),
);

test(
  'CLIP with both towers gives its text tower and projection',
  noLeaks(async (t) => {
    const tower = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 };
    const clip = {
      text_config: { ...tower, vocab_size: 16, max_position_embeddings: 6, eos_token_id: 15 },
      vision_config: { ...tower, image_size: 8, patch_size: 4 },
      projection_dim: 5,
    };
    const params = initClip(clip, key(1));
    const folder = tempDir(t);
    await saveClip(folder, { config: clip, params });
    const text = await loadTextEncoderModel(folder);
    assertSameTree(text.params, { text_model: params.text_model, text_projection: params.text_projection } as Tree);
    assert.ok(text.ignored.includes('logit_scale') && text.ignored.every((name) => !name.startsWith('text_')));
    dispose(params, text.params);
  }),
);

test(
  'an open_clip model with a BERT inside: key names, window, and what it says where sizes are not known',
  noLeaks(async (t) => {
    const params = initBert(config, key(1));
    const transformer = params as unknown as Tree;
    const others = { proj: [{ weight: tf.ones([8, 6]) }, undefined, { weight: tf.ones([6, 4]) }] };
    const whole = { text: { transformer, ...others }, visual: { head: { weight: tf.ones([4, 4]) } }, logit_scale: tf.scalar(4.4) };
    const folder = await bertFolder(t);
    await saveParameters(folder, 'open_clip_pytorch_model', whole as unknown as Tree);
    const textCfg = { hf_model_name: 'somebody/small-bert', context_length: 7 };
    await writeJson(join(folder, 'open_clip_config.json'), { model_cfg: { embed_dim: 4, text_cfg: textCfg } });
    const encoder = await loadTextEncoder(folder);
    assertSameTree(encoder.params as Tree, params);
    assert.equal(encoder.describe().maxLength, 7, 'the context length of the folder');
    assert.deepEqual([...encoder.ignored].sort(), ['logit_scale', 'text.proj.0.weight', 'text.proj.2.weight', 'visual.head.weight']);

    await writeJson(join(folder, 'config.json'), {});
    await assert.rejects(
      loadTextEncoder(folder),
      /its text encoder is somebody\/small-bert; put that model's config\.json into this folder/,
    );
    await writeJson(join(folder, 'open_clip_config.json'), { model_cfg: { text_cfg: { width: 512 } } });
    await assert.rejects(loadTextEncoder(folder), /open_clip's own, which is not supported; get the same model in transformers' form/);
    encoder.dispose();
    dispose(params, others as unknown as Tree, whole.visual, whole.logit_scale);
  }),
);

test(
  "a CLIP in both forms is read in transformers'",
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const tower = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 };
    const both = {
      text_config: { ...tower, vocab_size: 16 },
      vision_config: { ...tower, image_size: 8, patch_size: 4 },
      projection_dim: 4,
    };
    const params = initClip(both, key(1));
    await saveClip(folder, { config: both, params });
    await writeJson(join(folder, 'open_clip_config.json'), { model_cfg: { embed_dim: 4, text_cfg: { width: 8 } } });
    const loaded = await loadTextEncoderModel(folder);
    assertSameTree((loaded.params as ClipTextParams).text_model as Tree, params.text_model as Tree);
    dispose(params, loaded.params);
  }),
);

test(
  'what a folder gets wrong is a FileError that names the file; a length that was asked for is a RangeError',
  noLeaks(async (t) => {
    const params = initBert(config, key(1));
    const folder = await bertFolder(t, params);
    dispose(params);
    await assert.rejects(
      loadTextEncoder(folder, { maxLength: 2 }),
      (error: Error) => error instanceof RangeError && /the length 2/.test(error.message),
    );
    await assert.rejects(
      loadTextEncoder(folder, { maxLength: 10 }),
      (error: Error) => error instanceof RangeError && /has 9 positions/.test(error.message),
    );
    const refuse = async (change: object, what: RegExp): Promise<void> => {
      await writeJson(join(folder, 'config.json'), { ...config, ...change });
      await assert.rejects(
        loadTextEncoder(folder),
        (error: Error) => error instanceof FileError && what.test(error.message) && !/undefined|not a function/.test(error.message),
      );
    };
    await refuse({ num_hidden_layers: 1e9 }, /config\.json: bert: num_hidden_layers: expected a whole number from 1 to 1000/);
    await refuse({ hidden_size: 'eight' }, /config\.json: bert: hidden_size/);
    await refuse({ vocab_size: 8 }, /word_embeddings/);
    await refuse({ model_type: 'llama' }, /its model_type is "llama"/);
    await refuse({ model_type: ['bert'] }, /its model_type is \["bert"\]/);
    await writeJson(join(folder, 'config.json'), config);
    writeFileSync(join(folder, 'vocab.txt'), 'version https://git-lfs.github.com/spec/v1\n');
    await assert.rejects(loadTextEncoder(folder), /vocab\.txt: is a git-lfs pointer/);
    writeFileSync(join(folder, 'vocab.txt'), Buffer.from('[PAD]\n[UNK]\n\xe4\n', 'latin1'));
    await assert.rejects(loadTextEncoder(folder), /vocab\.txt: line 3 is not UTF-8 \(Windows-1252\?\)/);
  }),
);

test(
  'encode: same context whatever the batch, lost tokens counted, what it is described',
  noLeaks(async (t) => {
    const params = initBert(config, key(1));
    const folder = await bertFolder(t, params);
    dispose(params);
    const encoder = await loadTextEncoder(folder);
    assert.deepEqual(encoder.describe(), { kind: 'BERT', width: 8, maxLength: 9, parameters: 764, vocabulary: 16 });
    const texts = ['left effusion.', '', 'no edema '.repeat(8), 'edema'];
    const steps: number[] = [];
    const together = await encoder.encode(texts, { onProgress: (done) => steps.push(done), batchSize: 3 });
    assert.deepEqual(steps, [3, 4]);
    assert.deepEqual(together.lostTokens, [0, 0, 9, 0]);
    assert.deepEqual(together.context.shape, [4, 9, 8]);
    assert.deepEqual([...together.mask.dataSync()].slice(9, 18), [1, 1, 0, 0, 0, 0, 0, 0, 0]);
    const alone = await encoder.encode(['edema']);
    tf.tidy(() => {
      assertClose(tf.slice(together.context, [3, 0, 0], [1, -1, -1]), alone.context, 1e-6, 'context');
      const mean = tf.mean(tf.slice(alone.context, [0, 0, 0], [1, 3, -1]), 1); // [CLS] edema [SEP]
      assertClose(mean, alone.pooled, 1e-6, 'mean of the tokens');
    });
    const shorter = await loadTextEncoder(folder, { maxLength: 4 });
    assert.equal(shorter.describe().maxLength, 4);
    await assert.rejects(encoder.encode([]), /expected at least one/);
    await assert.rejects(encoder.encode(texts, { signal: AbortSignal.abort(new Error('stop')) }), /stop/);
    await assert.rejects(loadTextEncoder(folder, { maxLength: 12 }), /makes 12 ids a text, but the text encoder has 9 positions/);
    for (const { context, mask, pooled } of [together, alone]) tf.dispose([context, mask, pooled]);
    encoder.dispose();
    shorter.dispose();
  }),
);

test(
  'parts that do not belong together, and folders of something else, are refused',
  noLeaks(async (t) => {
    const params = initBert({ ...config, vocab_size: 6 }, key(1));
    const bpe = trainBpe(['edema edema'], { vocabularySize: 520, maxLength: 8 });
    assert.throws(
      () => createTextEncoder({ config: { ...config, vocab_size: 6 }, params }, bpe),
      /the tokenizer has 5\d\d ids, but the text encoder only 6/,
    );
    dispose(params);
    const folder = tempDir(t);
    await writeJson(join(folder, 'config.json'), { model_type: 'gpt2' });
    await assert.rejects(loadTextEncoder(folder), /its model_type is "gpt2"; expected that of a text encoder: clip_text_model/);
    await assert.rejects(loadTextEncoder(join(folder, 'none')), FileError);
    const pickled = await bertFolder(t);
    writeFileSync(join(pickled, 'pytorch_model.bin'), '');
    await assert.rejects(loadTextEncoder(pickled), /has no model\.safetensors; it has pytorch_model\.bin/);
  }),
);

test('a SentencePiece model alone is refused with the command that converts it', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'spiece.model'), '');
  await assert.rejects(loadTokenizer(folder), /spiece\.model: is a SentencePiece model, which is not read.*save_pretrained/);
});
