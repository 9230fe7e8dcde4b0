import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError } from 'roentgen-lab/files';
import { loadTokenizer } from 'roentgen-lab/tokenizers';
import { readJson } from '#files/internal';
import { fixtures, sharedData, tempDir } from '../support';

interface Fixture {
  max_length: number;
  pad: number;
  cases: { text: string; ids: number[]; tokens: string[]; truncated_ids: number[]; padded_length: number }[];
  pairs?: { text: string; text_pair: string; ids: number[]; token_type_ids: number[] }[];
}

for (const name of ['clip', 'bert_base_uncased'])
  test(`${name}: ids, tokens, truncation, masks and pairs equal the reference on every text`, async (t) => {
    const [folder, fixture] = [sharedData('tokenizers', name), fixtures('tokenizers', `${name}.json`)];
    if (!folder || !fixture) return t.skip('the shared fixtures or data are missing');
    const want = await readJson<Fixture>(fixture);
    const tokenizer = await loadTokenizer(folder, { maxLength: want.max_length });
    assert.ok(want.cases.length > 100);
    for (const { text, ids, tokens, truncated_ids: kept, padded_length: length } of want.cases) {
      assert.deepEqual(tokenizer.ids(text), ids, JSON.stringify(text));
      assert.deepEqual(tokenizer.tokens(text), tokens);
      const encoded = tokenizer.encode(text);
      assert.deepEqual(Array.from(encoded.ids), [...kept, ...Array<number>(want.max_length - length).fill(want.pad)]);
      assert.deepEqual(
        Array.from(encoded.mask),
        Array.from({ length: want.max_length }, (_, i) => Number(i < length)),
      );
      assert.equal(encoded.lostTokens, ids.length - kept.length);
    }
    for (const pair of want.pairs ?? [])
      assert.deepEqual(tokenizer.encodePair(pair.text, pair.text_pair), { ids: pair.ids, typeIds: pair.token_type_ids });
  });

/** A small BERT vocabulary. */
const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'left', 'effusion', '##s', '.', 'no'];

function bertFolder(folder: string, config: object = {}): string {
  writeFileSync(join(folder, 'vocab.txt'), `${words.join('\n')}\n`);
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}

test('a vocabulary of word pieces: longest match, unknown words, case', async (t) => {
  const tokenizer = await loadTokenizer(bertFolder(tempDir(t), { model_max_length: 8 }));
  assert.deepEqual(tokenizer.tokens('Left EFFUSIONS. Xyz'), ['[CLS]', 'left', 'effusion', '##s', '.', '[UNK]', '[SEP]']);
  assert.deepEqual([tokenizer.vocabularySize, tokenizer.padId, tokenizer.startId, tokenizer.endId, tokenizer.maxLength], [10, 0, 2, 3, 8]);
  const { ids, mask, lostTokens } = tokenizer.encodeBatch(['no effusion', '', 'left '.repeat(20)]);
  assert.deepEqual(Array.from(ids), [2, 9, 6, 3, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 2, 5, 5, 5, 5, 5, 5, 3]);
  assert.deepEqual(Array.from(mask), [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(lostTokens, [0, 0, 14]);
  const cased = await loadTokenizer(bertFolder(tempDir(t), { do_lower_case: false }));
  assert.deepEqual(cased.tokens('Left left'), ['[CLS]', '[UNK]', 'left', '[SEP]']);
  assert.equal(cased.maxLength, 512);
});

test('a saved tokenizer is the same tokenizer, with or without tokenizer.json', async (t) => {
  const tokenizer = await loadTokenizer(bertFolder(tempDir(t), { model_max_length: 9 }));
  const folder = tempDir(t);
  await tokenizer.save(folder);
  const older = tempDir(t);
  for (const name of ['vocab.txt', 'tokenizer_config.json']) copyFileSync(join(folder, name), join(older, name));
  for (const back of [await loadTokenizer(folder), await loadTokenizer(older)]) {
    assert.deepEqual(back.encode('No left effusions.'), tokenizer.encode('No left effusions.'));
    assert.equal(back.maxLength, 9);
  }
});

test("the published CLIP folder's padding token is not in its vocabulary: padding is end of text, and it is said", async (t) => {
  const source = sharedData('tokenizers', 'clip');
  if (!source) return t.skip('the shared data are missing');
  const tokenizer = await loadTokenizer(source);
  assert.equal(tokenizer.padId, tokenizer.endId);
  assert.match(tokenizer.notes.join(), /padding token \[PAD\] is not in the vocabulary; padding with <\|endoftext\|>/);
  const folder = tempDir(t);
  await tokenizer.save(folder);
  const text = readFileSync(join(folder, 'tokenizer_config.json'), 'utf8');
  assert.ok(!text.includes('.cache'), 'no path of another machine is handed on');
  const back = await loadTokenizer(folder);
  assert.deepEqual(back.notes, []);
  assert.deepEqual(back.ids('Right IJ catheter, 肺炎.'), tokenizer.ids('Right IJ catheter, 肺炎.'));
});

test("a language model's folder that names no padding token is padded with the token that ends a text, which texts need not get", async (t) => {
  const folder = tempDir(t);
  const definition = {
    version: '1.0',
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { '<unk>': 0, '<s>': 1, '</s>': 2, a: 3, b: 4, ab: 5 }, merges: ['a b'] },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition));
  const named = { bos_token: '<s>', eos_token: { content: '</s>' }, unk_token: '<unk>', model_max_length: 1e30 };
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ ...named, tokenizer_class: 'LlamaTokenizer' }));
  const tokenizer = await loadTokenizer(folder);
  const { startId, endId, eosId, padId } = tokenizer;
  assert.deepEqual({ startId, endId, eosId, padId }, { startId: 1, endId: undefined, eosId: 2, padId: 2 });
  assert.deepEqual(tokenizer.ids('ab'), [1, 5]);
  assert.match(tokenizer.notes.join(), /no padding token is named; padding with <\/s>/);
});

test('a folder that is no tokenizer, or a damaged one, is refused by file and line', async (t) => {
  const folder = tempDir(t);
  const write = (sub: string, files: Record<string, string>): string => {
    mkdirSync(join(folder, sub));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, sub, name), text);
    return join(folder, sub);
  };
  const clip = { a: 0, 'b</w>': 1, '<|startoftext|>': 2, '<|endoftext|>': 3 };
  const cases: [string, RegExp][] = [
    [join(folder, 'none'), /none: cannot be read: there is no such file or folder/],
    [write('empty', {}), /is not a tokenizer: expected tokenizer\.json, or vocab\.json with merges\.txt \(CLIP, RoBERTa\), or vocab\.txt/],
    [write('notjson', { 'tokenizer.json': '{' }), /tokenizer\.json: is not valid JSON/],
    [write('nomodel', { 'tokenizer.json': '{}' }), /tokenizer\.json: has no model with a vocabulary/],
    [write('nospecial', { 'vocab.json': '{"a":0}', 'merges.txt': '' }), /vocab\.json: has no <\|startoftext\|>/],
    [write('badids', { 'vocab.json': '{"a":"0"}', 'merges.txt': '' }), /vocab\.json: has ids that are not integers/],
    [
      write('badmerge', { 'vocab.json': JSON.stringify(clip), 'merges.txt': '#version: 0.2\na b</w>\n' }),
      /merges\.txt: line 2: expected two tokens/,
    ],
    [write('nobert', { 'vocab.txt': 'a\nb\n' }), /vocab\.txt: has no \[PAD\]/],
    [write('badconfig', { 'vocab.txt': words.join('\n'), 'tokenizer_config.json': '[]' }), /tokenizer_config\.json: is not a JSON object/],
  ];
  for (const [path, message] of cases)
    await assert.rejects(loadTokenizer(path), (error: Error) => error instanceof FileError && message.test(error.message), String(message));
  const good = bertFolder(write('good', {}));
  await assert.rejects(loadTokenizer(good, { maxLength: 2 }), /the length 2: expected an integer above 2, which the special tokens take/);
});
