/** The study's two scales, in words: the answers that a reader gives, 1 to 5, and the scores that they become, -2 to 2. */

/** Which of two images is more realistic, or how well one image matches its text. */
export type ReaderScale = 'realism' | 'alignment';

/** An answer on the page, from the left. */
export type Choice = 1 | 2 | 3 | 4 | 5;

export interface ScaleWords {
  readonly title: string;
  readonly question: string;
  /** What a reader is told before the first item. */
  readonly instruction: string;
  /** Of the answers 1 to 5. */
  readonly anchors: readonly [string, string, string, string, string];
}

/** The order in which readers meet them: texts last, so that they prime no one for what is realistic. */
export const readerScales: readonly ReaderScale[] = ['realism', 'alignment'];

/** The paper's five points have no wording that is known: this one is ours. */
export const scaleWords: Readonly<Record<ReaderScale, ScaleWords>> = {
  realism: {
    title: 'Realism',
    question: 'Which image is the more realistic radiograph?',
    instruction:
      'Two images stand side by side. Say which of them looks more like a real radiograph: by anatomy, texture, noise, exposure and artefacts, whatever they show.',
    anchors: ['Left, clearly', 'Left, slightly', 'No difference', 'Right, slightly', 'Right, clearly'],
  },
  alignment: {
    title: 'Image and text',
    question: 'How well does the image match the text?',
    instruction:
      'One image stands beside a text. Say how well the image shows what the text says: findings, sides, severity, devices and view. How realistic it looks does not count.',
    anchors: ['Contradicts the text', 'Mostly does not match', 'Matches in part', 'Mostly matches', 'Matches fully'],
  },
};

/** Whether a value that came from outside is an answer. */
export const isChoice = (value: unknown): value is Choice => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5;
