/** Tokenizers of RoBERTa, T5 and XLM-RoBERTa. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTokenizer } from 'roentgen-lab/tokenizers';
import { tempDir } from '../support';

test("RoBERTa's old files: bytes with a mark for the space, special tokens around, the first merges first", async (t) => {
  const folder = tempDir(t);
  const tokens = ['<s>', '<pad>', '</s>', '<unk>', 'l', 'e', 'f', 't', 'Ġ', 'le', 'ft', 'left', 'Ġle', 'a', '<mask>'];
  writeFileSync(join(folder, 'vocab.json'), JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))));
  writeFileSync(join(folder, 'merges.txt'), '#version: 0.2\nl e\nf t\nle ft\nĠ le\n');
  const tokenizer = await loadTokenizer(folder);
  assert.deepEqual(tokenizer.tokens('left left'), ['<s>', 'left', 'Ġ', 'left', '</s>']);
  assert.deepEqual(tokenizer.ids('left'), [0, 11, 2]);
  assert.deepEqual([tokenizer.padId, tokenizer.startId, tokenizer.endId, tokenizer.maxLength], [1, 0, 2, 512]);
  assert.deepEqual(tokenizer.encodePair('left', 'le').ids, [0, 11, 2, 2, 9, 2]);
  const saved = tempDir(t);
  await tokenizer.save(saved);
  const back = await loadTokenizer(saved, { maxLength: 5 });
  assert.deepEqual([...back.encode('left').ids], [0, 11, 2, 1, 1]);
  writeFileSync(join(folder, 'vocab.json'), '{"<s>":0,"<pad>":1}');
  await assert.rejects(loadTokenizer(folder), /vocab\.json: has no <\/s>, <unk>; expected RoBERTa's vocabulary/);
});

/** A unigram vocabulary as `tokenizer.json` has it. */
function unigram(first: string[], around: (id: Record<string, number>) => object): object {
  const pieces: [string, number][] = [
    ['▁no', -2],
    ['▁left', -2],
    ['▁', -3],
    ['effusion', -4],
    ['s', -5],
    ['▁effusion', -3],
  ];
  const vocab = [...first.map((token): [string, number] => [token, 0]), ...pieces];
  const ids = Object.fromEntries(vocab.map(([token], id) => [token, id]));
  return {
    version: '1.0',
    added_tokens: first.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: around(ids),
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: { type: 'Unigram', unk_id: ids['<unk>'], vocab },
  };
}

const template = (names: string[]) => (ids: Record<string, number>) => ({
  type: 'TemplateProcessing',
  single: names.map((name) => (name === 'A' ? { Sequence: { id: 'A', type_id: 0 } } : { SpecialToken: { id: name, type_id: 0 } })),
  pair: [],
  special_tokens: Object.fromEntries(names.filter((n) => n !== 'A').map((n) => [n, { id: n, ids: [ids[n]], tokens: [n] }])),
});

test('unigram vocabularies: the likeliest pieces; T5 ends its texts, XLM-RoBERTa begins them too; the window is the length', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'tokenizer.json');
  writeFileSync(path, JSON.stringify(unigram(['<pad>', '</s>', '<unk>'], template(['A', '</s>']))));
  const t5 = await loadTokenizer(folder, { window: 64 });
  assert.deepEqual(t5.tokens('no left effusions'), ['▁no', '▁left', '▁effusion', 's', '</s>']);
  assert.deepEqual([t5.padId, t5.startId, t5.endId, t5.maxLength], [0, undefined, 1, 64]);
  assert.deepEqual([...t5.encode('left').mask].filter(Boolean).length, 2);
  await assert.rejects(loadTokenizer(folder), /gives no model_max_length; pass maxLength/);

  writeFileSync(path, JSON.stringify(unigram(['<s>', '<pad>', '</s>', '<unk>'], template(['<s>', 'A', '</s>']))));
  const xlm = await loadTokenizer(folder, { window: 32 });
  assert.deepEqual(xlm.tokens('no'), ['<s>', '▁no', '</s>']);
  assert.deepEqual([xlm.padId, xlm.startId, xlm.endId, xlm.maxLength], [1, 0, 2, 32]);
  const saved = tempDir(t);
  await xlm.save(saved);
  assert.deepEqual((await loadTokenizer(saved)).ids('left effusion'), xlm.ids('left effusion'));
});
