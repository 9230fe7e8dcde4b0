import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { choicesOfLikelihoods, choicesOfTexts, chosenOption, questionText, readCheXbench } from 'roentgen-lab/systems';
import { tempDir } from '../../support';

const item = {
  data_source: 'phantom',
  slice: 'pa-lateral',
  image_path: 'a.png|b.png',
  question: 'Which view is this?',
  option_0: 'PA',
  option_1: 'LATERAL',
  option_2: null,
  option_3: null,
  answer: 1,
};

function written(t: TestContext, tasks: object): string {
  const file = join(tempDir(t), 'bench.json');
  writeFileSync(file, JSON.stringify(tasks));
  return file;
}

test('questions and texts are read as published, images beside the file or in a folder of their own', async (t) => {
  const file = written(t, {
    'View Classification': [item, { ...item, image_path: ['c.png'], slice: undefined, option_2: 'AP', answer: 2 }],
    'Findings Generation': [
      { data_source: 'phantom', image_path: 'a.png|b.png|c.png', section_indication: null, section_findings: 'A large heart.' },
    ],
    'Findings Summarization': [
      { data_source: 'phantom', image_path: 'a.png', section_findings: 'Large.', section_impression: 'Cardiomegaly.' },
    ],
  });
  const { questions, texts } = await readCheXbench(file, 'images');
  assert.deepEqual(questions[0], {
    task: 'View Classification',
    source: 'phantom',
    slice: 'pa-lateral',
    images: [join('images', 'a.png'), join('images', 'b.png')],
    question: 'Which view is this?',
    options: ['PA', 'LATERAL'],
    answer: 1,
  });
  assert.deepEqual(questions[1]!.options, ['PA', 'LATERAL', 'AP']);
  assert.equal('slice' in questions[1]!, false);
  assert.deepEqual(texts[0]!.images, [join('images', 'a.png'), join('images', 'b.png')], 'the first two');
  assert.deepEqual(
    [texts[0]!.given, texts[0]!.reference, texts[1]!.given, texts[1]!.reference],
    ['', 'A large heart.', 'Large.', 'Cardiomegaly.'],
  );
});

test('options that are alike, an answer that is none of them, and what is missing are named with task, item and key', async (t) => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ option_1: 'PA' }, /FileError: .*Task: 1: expected options that differ, got "PA" twice/],
    [{ answer: 2 }, /Task: 1: answer: expected the number of the right option, 0 to 1; got 2/],
    [{ answer: null }, /answer: .*got null/],
    [{ option_1: null, option_2: 'x' }, /without a gap/],
    [{ option_1: null }, /option_0, option_1/],
    [{ image_path: '' }, /image_path: expected a path/],
    [{ question: ' ' }, /question: expected a text/],
    [{ data_source: 3 }, /data_source: expected a text, got 3/],
  ];
  for (const [changes, message] of wrong)
    await assert.rejects(readCheXbench(written(t, { Task: [item, { ...item, ...changes }] })), message);
  await assert.rejects(readCheXbench(written(t, { Task: {} })), /Task: expected a list of items/);
});

test('a question is asked as published; the first letter in brackets counts, none is drawn by lot and said', () => {
  assert.equal(
    questionText({ question: 'Which view?', options: ['PA', 'AP'] }),
    'Which view?\nOptions: (A) PA, (B) AP\nDirectly answer the question by choosing one option: (A), (B).',
  );
  const read = ['(B) AP', 'It is (A), not (B).', 'PA', '(C)', 'b', '(a)'].map((answer) => chosenOption(answer, 2));
  assert.deepEqual(read, [1, 0, undefined, undefined, undefined, undefined]);
  const questions = Array.from({ length: 300 }, () => ({ options: ['x', 'y', 'z'] }));
  const choices = choicesOfTexts(questions, ['(B)', ...new Array(299).fill('no idea')], key(1));
  assert.deepEqual(choices[0], { option: 1, byLot: false });
  assert.ok(choices.slice(1).every(({ byLot }) => byLot));
  for (const option of [0, 1, 2]) {
    const share = choices.slice(1).filter((choice) => choice.option === option).length / 299;
    assert.ok(Math.abs(share - 1 / 3) < 0.12, `${option}: ${share}`);
  }
  assert.deepEqual(choicesOfTexts(questions, new Array(300).fill(''), key(1)), choicesOfTexts(questions, new Array(300).fill(''), key(1)));
  assert.deepEqual(
    choicesOfLikelihoods([
      [-2, -1, -3],
      [-1, -1],
    ]).map(({ option }) => option),
    [1, 0],
  );
});
