import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainBpe, wordsOf } from 'roentgen-lab/tokenizers';

const texts = ['Large left pleural effusion.', 'right pneumothorax', 'no acute process'];
const tokenizer = trainBpe(texts, { vocabularySize: 540, maxLength: 24 });

test("a word's tokens, put together, are the word; marks belong to none", () => {
  const text = 'Large, left  cardiomegaly (new).';
  const tokens = tokenizer.tokens(text);
  const words = wordsOf(tokenizer, text);
  assert.deepEqual(
    words.map(({ from, to }) => tokens.slice(from, to).join('').replaceAll('</w>', '')),
    ['large', 'left', 'cardiomegaly', 'new'],
  );
  assert.deepEqual(
    words.map(({ start, end }) => text.slice(start, end)),
    words.map(({ word }) => word),
  );
  for (const none of ['', '   ', '.,!', '🦴']) assert.deepEqual(wordsOf(tokenizer, none), []);
});

test('a word is read where its last token fits beside the end of the text', () => {
  const text = 'left '.repeat(30);
  const words = wordsOf(tokenizer, text);
  const read = words.filter(({ isRead }) => isRead).length;
  assert.equal(read, 7, 'three tokens each, of 24 without start and end');
  const kept = text.slice(0, words[read - 1]!.end);
  assert.equal(tokenizer.encode(kept).lostTokens, 0);
  assert.deepEqual(tokenizer.ids(kept).slice(0, -1), tokenizer.ids(text).slice(0, 22));
});
