import assert from 'node:assert/strict';
import { browserTest, jupyterLab } from './lab';

const lab = jupyterLab();

const cell = `
import { quiz } from 'roentgen-lab/display';
const grey = (value: number) => ({ pixels: new Float32Array(64 * 64).fill(value), width: 64, height: 64, channels: 1 as const });
const game = quiz([
  { picture: grey(0.3), answers: ['real', 'left'], rival: [undefined, 'left'], about: 'Left effusion.' },
  { picture: grey(0.7), answers: ['generated', 'right'], rival: [undefined, 'left'], about: 'Right effusion.' },
], { questions: [
  { question: 'Real or generated?', choices: ['real', 'generated'] },
  { question: 'Which side?', choices: ['right', 'left'] },
], rival: 'the classifier' });
game
`;

browserTest(lab, 'a quiz is played to its end with the mouse, and the cell after it need not wait', 300, async () => {
  lab.write('quiz.ipynb', [cell.trim(), `'went on'`, 'JSON.stringify(game.chosen)']);
  await lab.open('quiz.ipynb');
  await lab.runAll();
  await lab.settled(150);
  const page = lab.outputs(0);
  const click = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
  await page.getByText('Picture 1 of 2').waitFor();
  await click('real');
  await click('right');
  await page.getByText('Which side? left (you: right; the classifier: left)').waitFor();
  await lab.shot('25-quiz-answers');
  await click('Next');
  await page.getByText('Picture 2 of 2').waitFor();
  await click('generated');
  await click('right');
  await page.getByText('The score').waitFor();
  await page.locator('.rg-grid img').nth(1).waitFor();
  await page.scrollIntoViewIfNeeded();
  await lab.shot('26-quiz-score');
  await lab.run(2);
  await lab.outputs(2).getByText('[["real","right"],["generated","right"]]').waitFor();
  assert.deepEqual(
    lab.complaints.filter((line) => /widget|comm/i.test(line)),
    [],
  );
});
