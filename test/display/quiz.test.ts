import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { type QuizItem, quiz } from 'roentgen-lab/display';
import { frontEnd } from './front-end';

const picture = (value: number, prompt?: string) => ({
  pixels: new Float32Array(4).fill(value),
  width: 2,
  height: 2,
  channels: 1 as const,
  prompt,
});

const questions = [
  { question: 'Real or generated?', choices: ['real', 'generated'] },
  { question: 'Which side?', choices: ['right', 'left'] },
];
const items: QuizItem[] = [
  { picture: picture(0.2), answers: ['real', 'left'], rival: [undefined, 'right'], about: 'Left <b>effusion</b>.' },
  { picture: picture(0.8, 'Right effusion.'), answers: ['generated', 'right'], rival: [undefined, 'right'], about: 'Right effusion.' },
];

test('a quiz asks, tells what was right, and scores the person beside the rival', async (t) => {
  const page = frontEnd(t);
  const game = quiz(items, { questions, rival: 'the classifier' });
  page.open(game);
  assert.ok(page.isDisabled('Next'), 'nothing was answered yet');
  await page.click('real');
  assert.equal(page.shown(), '', 'answers come when all questions are answered');
  await page.click('generated'); // the first answer counts
  await page.click('right');
  assert.match(
    page.shown(),
    /✓.*Real or generated\? real \(you: real\).*✗.*Which side\? left \(you: right; the classifier: right\).*Left &lt;b&gt;effusion/s,
  );
  assert.ok(!page.isDisabled('Next'));
  await page.click('Next');
  assert.equal(page.shown(), '');
  await page.click('left');
  await page.click('generated');
  assert.deepEqual(game.chosen, [
    ['real', 'right'],
    ['generated', 'left'],
  ]);
  const score = JSDOM.fragment(page.shown());
  const rows = Array.from(score.querySelectorAll('tbody tr, tr'), (row) =>
    Array.from(row.querySelectorAll('td'), ({ textContent }) => textContent),
  );
  assert.deepEqual(
    rows.filter((row) => row.length > 0),
    [
      ['Real or generated?', '2 of 2', '', '1 of 2'],
      ['Which side?', '0 of 2', '1 of 2', '1 of 2'],
    ],
  );
  assert.match(page.shown(), /synthetic, not for diagnosis/);
});

test('without a person the pictures are there, and the answers folded away', () => {
  const { 'text/html': html, 'text/plain': plain } = quiz(items, { questions, rival: 'the classifier' }).bundle();
  const page = JSDOM.fragment(String(html));
  assert.equal(page.querySelectorAll('img').length, 2);
  assert.doesNotMatch(page.querySelector('.rg-grid')!.outerHTML, /effusion/, 'nothing gives the answers away');
  const fold = page.querySelector<HTMLDetailsElement>('.rg-answers')!;
  assert.ok(!fold.open);
  assert.deepEqual(
    Array.from(fold.querySelectorAll('li'), ({ textContent }) => textContent),
    ['real, left: Left <b>effusion</b>.', 'generated, right: Right effusion.'],
  );
  assert.match(String(plain), /quiz of 2 pictures: Real or generated\? Which side\?/);
});

test('a quiz says what is wrong with it', () => {
  assert.throws(() => quiz([], { questions, rival: '' }), /at least one picture/);
  assert.throws(
    () => quiz([{ ...items[0]!, answers: ['real'] }], { questions, rival: '' }),
    /picture 0: expected one of the choices for each of 2 questions/,
  );
  assert.throws(() => quiz([{ ...items[0]!, answers: ['real', 'up'] }], { questions, rival: '' }), /got real, up/);
});
