/** A quiz about pictures: buttons, what was right, and a score. */
import { escapeHtml } from '../escape';
import { imageGrid } from '../grid';
import { notForDiagnosis } from '../palette';
import type { Picture } from '../pixels';
import { table } from '../table';
import { column, row } from './boxes';
import { type Button, button } from './button';
import { html, image, label } from './shown';
import { nodeSymbol, type Widget, widget } from './widget';

/** What is asked of every picture. */
export interface QuizQuestion {
  readonly question: string;
  /** One button each. */
  readonly choices: readonly string[];
}

/** A picture with its answers, one for each question. */
export interface QuizItem {
  readonly picture: Picture;
  readonly answers: readonly string[];
  /** What the rival says, for each question; undefined where it has no opinion. */
  readonly rival?: readonly (string | undefined)[];
  /** Told with the answers, such as the picture's text. */
  readonly about: string;
}

/** A quiz, which can be played once. */
export interface Quiz extends Widget {
  /** What the person chose, by picture and question; undefined where nothing yet. */
  readonly chosen: readonly (readonly (string | undefined)[])[];
}

/**
 * Pictures one after the other, each with its questions; after each the answers, in the end all pictures with what was chosen, and the score beside a rival's.
 * Nobody has to play: a notebook that runs by itself goes on, and its saved page has the pictures with the answers folded away.
 *
 * @param options.rival  who the items' `rival` answers are by, such as "the classifier"
 * @throws RangeError where there is no picture, or an item's answers are not one of the choices for each question
 * @example quiz([{ picture, answers: ['real'], about: text }], { questions: [{ question: 'Real or generated?', choices: ['real', 'generated'] }] })
 */
export function quiz(items: readonly QuizItem[], options: { readonly questions: readonly QuizQuestion[]; readonly rival: string }): Quiz {
  const { questions, rival } = options;
  if (items.length === 0 || questions.length === 0) throw new RangeError('quiz: expected at least one picture and one question');
  for (const [i, { answers }] of items.entries()) {
    if (answers.length !== questions.length || !answers.every((answer, q) => questions[q]!.choices.includes(answer)))
      throw new RangeError(
        `quiz: picture ${i}: expected one of the choices for each of ${questions.length} questions, got ${answers.join(', ')}`,
      );
  }
  const chosen: (string | undefined)[][] = items.map(() => questions.map(() => undefined));
  let at = 0;
  const [place, frame, told] = [label(), image({ size: 256 }), html()];
  const buttons: Button[][] = questions.map(({ choices }, q) =>
    choices.map((choice) => button({ label: choice, onClick: () => choose(q, choice) })),
  );
  const next = button({ label: 'Next', main: true, onClick: () => turnTo(at + 1) });

  function choose(q: number, choice: string): void {
    const answers = chosen[at]!;
    if (answers[q] !== undefined) return;
    answers[q] = choice;
    for (const one of buttons[q]!) one.disabled = true;
    if (answers.some((answer) => answer === undefined)) return;
    told.value = `${verdicts(at)}<div>${escapeHtml(items[at]!.about)}</div>`;
    if (at === items.length - 1) told.value += score();
    else next.disabled = false;
  }
  function turnTo(i: number): void {
    at = i;
    place.value = `Picture ${at + 1} of ${items.length}`;
    frame.picture = items[at]!.picture;
    told.value = '';
    next.disabled = true;
    for (const one of buttons.flat()) one.disabled = false;
  }
  const verdicts = (i: number): string =>
    questions
      .map(({ question }, q) => {
        const [answer, mine, other] = [items[i]!.answers[q]!, chosen[i]![q]!, items[i]!.rival?.[q]];
        const theirs = other === undefined ? '' : `; ${rival}: ${other}`;
        return `<div><b>${mine === answer ? '✓' : '✗'}</b> ${escapeHtml(`${question} ${answer} (you: ${mine}${theirs})`)}</div>`;
      })
      .join('');
  const right = (q: number, said: (i: number) => string | undefined): string => {
    const all = items.map((_, i) => i).filter((i) => said(i) !== undefined);
    return all.length === 0 ? '' : `${all.filter((i) => said(i) === items[i]!.answers[q]).length} of ${all.length}`;
  };
  function score(): string {
    const rows = questions.map(({ question, choices }, q) => ({
      question,
      you: right(q, (i) => chosen[i]![q]),
      [rival]: right(q, (i) => items[i]!.rival?.[q]),
      'by guessing': `${Math.round((10 * items.length) / choices.length) / 10} of ${items.length}`,
    }));
    const grid = imageGrid(
      items.map(({ picture }) => ({ ...picture, prompt: undefined })),
      items.map(({ about }) => about),
      { columns: 4, scale: 2, labels: items.map(({ answers }, i) => `${marks(i)} ${answers.join(', ')}`), synthetic: true },
    );
    return [table(rows, { title: 'The score' }), grid].map((item) => String(item.bundle()['text/html'])).join('');
  }
  const marks = (i: number): string => items[i]!.answers.map((answer, q) => (chosen[i]![q] === answer ? '✓' : '✗')).join('');

  turnTo(0);
  const rows = questions.map(({ question }, q) => row([question, ...buttons[q]!]));
  const live = row([frame, column([place, ...rows, next, told, `generated pictures are ${notForDiagnosis}`], { width: 520 })]);
  const asked = questions.map(({ question }) => question).join(' ');
  const node = {
    model: live[nodeSymbol].model,
    html: () => stillHtml(items, asked),
    text: () => `[quiz of ${items.length} pictures: ${asked}]`,
  };
  return widget(node, { chosen });
}

/** The pictures, numbered, and the answers folded away. */
function stillHtml(items: readonly QuizItem[], asked: string): string {
  const grid = imageGrid(
    items.map(({ picture }) => ({ ...picture, prompt: undefined })),
    undefined,
    { columns: 4, scale: 2, labels: items.map((_, i) => `${i + 1}`), title: asked, synthetic: true },
  );
  const answers = items.map(({ answers, about }) => `<li>${escapeHtml(`${answers.join(', ')}: ${about}`)}</li>`).join('');
  return `${grid.bundle()['text/html']}<details class="rg-answers"><summary>Answers</summary><ol>${answers}</ol></details>`;
}
