import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTokenizer, trainBpe } from 'roentgen-lab/tokenizers';
import { readJson } from '#files/internal';
import { fixtures, tempDir } from '../support';

const reports = [
  'Large right pleural effusion.',
  'Small left pleural effusion, no pneumothorax.',
  'No acute cardiopulmonary process. No effusion.',
  'Right-sided pneumothorax; the effusion is unchanged.',
];

test('merges are learnt by count, then by smaller ids', async (t) => {
  // The example of Sennrich et al. 2016, by hand: e+s 9 and es+t</w> 9; l+o 7; of n+e, e+w, w+est</w> (6 each) the one
  // whose first id is smallest, e+w; n+ew and new+est</w> 6; lo+w</w> 5; of w+i, i+d, d+est</w> (3 each) the last.
  const text = ['low '.repeat(5), 'lower '.repeat(2), 'newest '.repeat(6), 'widest '.repeat(3)].join(' ');
  const folder = tempDir(t);
  await trainBpe([text], { vocabularySize: 514 + 8, maxLength: 16 }).save(folder);
  const merges = readFileSync(join(folder, 'merges.txt'), 'utf8').trim().split('\n').slice(1);
  assert.deepEqual(merges, ['e s', 'es t</w>', 'l o', 'e w', 'n ew', 'new est</w>', 'lo w</w>', 'd est</w>']);
});

test('frequent words become one token, ids of special tokens are the largest, and size is what was asked for', () => {
  const tokenizer = trainBpe([...reports, ...reports], { vocabularySize: 560, maxLength: 32 });
  assert.equal(tokenizer.vocabularySize, 560);
  assert.deepEqual(tokenizer.tokens('Effusion'), ['<|startoftext|>', 'effusion</w>', '<|endoftext|>']);
  assert.deepEqual([tokenizer.startId, tokenizer.endId, tokenizer.padId], [558, 559, 559]);
  assert.ok(Math.max(...tokenizer.encode(reports.join(' ')).ids) === 559);
});

test('few texts give few tokens: merging stops where no pair occurs twice', () => {
  const tokenizer = trainBpe(['abc abc xyz'], { vocabularySize: 10_000, maxLength: 8 });
  assert.equal(tokenizer.vocabularySize, 512 + 2 + 2); // a+b, ab+c</w>
  assert.deepEqual(tokenizer.tokens('abc xyz').slice(1, -1), ['abc</w>', 'x', 'y', 'z</w>']);
});

test('any text whatever is encoded by bytes, and no token is unknown', () => {
  const tokenizer = trainBpe(reports, { vocabularySize: 520, maxLength: 64 });
  for (const text of ['肺炎 🫁', 'é\u0000\ud800', 'ﬁ ½ ①', '\u200b\ufeff'])
    assert.ok(!tokenizer.ids(text).slice(1, -1).includes(tokenizer.endId!), JSON.stringify(text));
  assert.deepEqual(tokenizer.ids(''), [tokenizer.startId, tokenizer.endId]);
  assert.deepEqual(tokenizer.ids('PLEURAL\n\t effusion'), tokenizer.ids('pleural effusion'));
});

test('the text of ids is the text in lower case, without marks', () => {
  const tokenizer = trainBpe(reports, { vocabularySize: 560, maxLength: 64 });
  assert.equal(tokenizer.text(tokenizer.ids('Left effusion, naïve 肺炎. No change.')), 'left effusion, naïve 肺炎. no change.');
  assert.equal(tokenizer.text([]), '');
});

test('a text of 500 words is cut to the length, ends with end of text, and says how much was lost', () => {
  const tokenizer = trainBpe(reports, { vocabularySize: 560, maxLength: 20 });
  const { ids, mask, length, lostTokens } = tokenizer.encode('effusion '.repeat(500));
  assert.deepEqual([ids.length, length, lostTokens], [20, 20, 502 - 20]);
  assert.equal(ids[19], tokenizer.endId);
  assert.ok(mask.every((one) => one === 1));
});

test('the same texts give the same vocabulary in any order, and a vocabulary without room is refused', async (t) => {
  const [a, b] = [tempDir(t), tempDir(t)];
  await trainBpe(reports, { vocabularySize: 600, maxLength: 32 }).save(a);
  await trainBpe([...reports].reverse(), { vocabularySize: 600, maxLength: 32 }).save(b);
  assert.equal(readFileSync(join(a, 'tokenizer.json'), 'utf8'), readFileSync(join(b, 'tokenizer.json'), 'utf8'));
  assert.throws(() => trainBpe(reports, { vocabularySize: 513, maxLength: 32 }), /vocabularySize: expected an integer of at least 514/);
  assert.throws(() => trainBpe([' ', ''], { vocabularySize: 600, maxLength: 32 }), /there is no text to learn from/);
});

test('what is saved loads again from tokenizer.json, and from vocab.json with merges.txt', async (t) => {
  const tokenizer = trainBpe(reports, { vocabularySize: 600, maxLength: 24 });
  const [folder, older] = [tempDir(t), tempDir(t)];
  await tokenizer.save(folder);
  for (const name of ['vocab.json', 'merges.txt', 'tokenizer_config.json', 'special_tokens_map.json'])
    copyFileSync(join(folder, name), join(older, name));
  const strings = fixtures('generate', 'inputs', 'strings.json');
  const texts = strings ? [...reports, ...(await readJson<string[]>(strings))] : reports;
  for (const back of [await loadTokenizer(folder), await loadTokenizer(older)]) {
    assert.equal(back.maxLength, 24);
    assert.deepEqual(back.encodeBatch(texts), tokenizer.encodeBatch(texts));
  }
});
