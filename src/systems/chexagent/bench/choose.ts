/** How a question with options is asked, and how an answer is taken for one of them: by a letter that is written, or by which option is likeliest. */

import { foldIn, type Key, randomInts } from '../../../engine';
import { withOptions } from '../instruct/words';
import type { BenchQuestion } from './file';

/** The question with its options and what to do, as published. */
export const questionText = ({ question, options }: Pick<BenchQuestion, 'question' | 'options'>): string => withOptions(question, options);

/** The option that a text chooses: that of its first letter in brackets. Undefined where there is none, or no option has it. */
export function chosenOption(answer: string, count: number): number | undefined {
  const [, letter] = /\(([A-Z])\)/.exec(answer) ?? [];
  const option = letter === undefined ? -1 : letter.charCodeAt(0) - 65;
  return option >= 0 && option < count ? option : undefined;
}

/** What was chosen of the options, and whether that was drawn by lot. */
export interface Choice {
  readonly option: number;
  readonly byLot: boolean;
}

/** The choices of written answers: as published, one that can't be read counts as an option that is drawn by lot. */
export function choicesOfTexts(questions: readonly Pick<BenchQuestion, 'options'>[], answers: readonly string[], key: Key): Choice[] {
  return questions.map(({ options }, i) => {
    const option = chosenOption(answers[i]!, options.length);
    if (option !== undefined) return { option, byLot: false };
    return { option: randomInts(foldIn(key, i), 1, 0, options.length)[0]!, byLot: true };
  });
}

/** The likeliest option of each question; of options as likely, the first. @param likelihoods of each question's options (`meanLogLikelihoods`) */
export const choicesOfLikelihoods = (likelihoods: readonly (readonly number[])[]): Choice[] =>
  likelihoods.map((each) => ({ option: each.reduce((best, value, i) => (value > each[best]! ? i : best), 0), byLot: false }));
