import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePhrases, expandPattern } from '#reports/phrases';
import { baseForm, sentencesOf } from '#reports/words';

const matches = (pattern: string, text: string): string[] => {
  const find = compilePhrases([[pattern, 'it']], ['and']);
  return sentencesOf(text).flatMap((words) =>
    find(words).map(({ from, to }) =>
      words
        .slice(from, to)
        .map(({ raw }) => raw)
        .join(' '),
    ),
  );
};

test('a choice stands for each of its phrases', () => {
  assert.deepEqual(expandPattern('(a|b c|) d'), ['a d', 'b c d', 'd']);
  for (const pattern of ['(a', 'a)', 'a|b', '((a))']) assert.throws(() => expandPattern(pattern), /a bracket is missing/);
});

test('words match in singular and plural, by their beginning, and across a gap', () => {
  assert.deepEqual(matches('opacity', 'Opacities and opacity.'), ['opacities', 'opacity']);
  assert.deepEqual(matches('opacif*', 'opacification'), ['opacification']);
  assert.deepEqual(matches('heart ... enlarged', 'The heart is very much enlarged.'), ['heart is very much enlarged']);
  assert.deepEqual(matches('heart ... enlarged', 'The heart and aorta are enlarged.'), []);
  assert.deepEqual(matches('heart ... enlarged', 'Normal heart, enlarged liver.'), []);
  assert.throws(() => matches('... enlarged', ''), /begins or ends with no word/);
});

test('one wrong letter of a long word is forgiven', () => {
  assert.deepEqual(matches('consolidation', 'consoldation consolidaton consolidatoin cansolidation'), [
    'consoldation',
    'consolidaton',
    'consolidatoin',
    'cansolidation',
  ]);
  assert.deepEqual(matches('consolidation', 'console conslidaton'), []);
  assert.deepEqual(matches('edema', 'edena'), []);
});

test('plurals that English forms regularly', () => {
  const forms = {
    effusions: 'effusion',
    masses: 'mass',
    opacities: 'opacity',
    thickness: 'thickness',
    versus: 'versus',
    atelectasis: 'atelectasis',
  };
  for (const [word, base] of Object.entries(forms)) assert.equal(baseForm(word), base);
});

test('sentences end at marks and empty lines, not at decimals, abbreviations or wrapped lines', () => {
  const texts = sentencesOf('Nodule of 1.5 cm vs. scar,\nright. Clear\n\nNo edema').map((words) => words.map(({ raw }) => raw).join(' '));
  assert.deepEqual(texts, ['nodule of 1.5 cm vs scar , right', 'clear', 'no edema']);
});
