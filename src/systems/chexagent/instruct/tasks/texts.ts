/** Tasks of texts alone, which teach the language model its subject. */

import { type Label, labelReport } from '../../../../reports';
import { some, type Task } from '../task';
import { inWords, NO_FINDING, withoutComparisons } from '../words';

const findingsOf = (sections: { readonly findings?: string } | undefined): string => withoutComparisons(sections?.findings ?? '');

/** What a text says of each label that it speaks of. */
const saidIn = (text: string): [string, Label][] =>
  Object.entries(labelReport(text).labels).filter(([label, value]) => value !== null && label !== NO_FINDING);

const INFERENCE: Readonly<Record<string, string>> = { '1': 'entailment', '0': 'contradiction', null: 'neutral' };

export const textTasks: readonly Task[] = [
  {
    name: 'Natural Language Inference',
    make({ records }, i, random) {
      const text = findingsOf(records[i]!.sections);
      if (text === '') return undefined;
      const { labels } = labelReport(text);
      const wanted = random.pick([1, 0, null] as const); // each answer as often, where a text gives it
      const fit = Object.keys(labels).filter((label) => label !== NO_FINDING && labels[label] === wanted);
      if (fit.length === 0) return undefined;
      const answer = INFERENCE[String(wanted)]!;
      return {
        images: [],
        question: `Premise: ${text}\nHypothesis: There is ${inWords(random.pick(fit))}.\nDoes the hypothesis follow?`,
        answer,
        wrong: Object.values(INFERENCE).filter((other) => other !== answer),
        text,
      };
    },
  },
  {
    name: 'Named Entity Recognition',
    make({ records }, i) {
      const text = findingsOf(records[i]!.sections);
      const there = saidIn(text).filter(([, value]) => value === 1);
      const absent = saidIn(text).filter(([, value]) => value === 0);
      if (there.length + absent.length === 0) return undefined;
      const named = (of: readonly [string, Label][]): string => (of.length > 0 ? of.map(([label]) => inWords(label)).join(', ') : 'none');
      return {
        images: [],
        question: `Findings: ${text}\nList what is there and what is not.`,
        answer: `There: ${named(there)}. Not: ${named(absent)}.`,
        text,
      };
    },
  },
  {
    name: 'Text QA',
    make({ records }, i, random) {
      const text = findingsOf(records[i]!.sections);
      const known = saidIn(text).filter(([, value]) => value !== -1);
      if (known.length === 0) return undefined;
      const [label, value] = random.pick(known);
      return {
        images: [],
        question: `Findings: ${text}\nIs ${inWords(label)} described?`,
        answer: value === 1 ? 'yes' : 'no',
        inOrder: ['yes', 'no'],
        text,
      };
    },
  },
  {
    name: 'Report Evaluation',
    make({ records }, i, random) {
      const text = findingsOf(records[i]!.sections);
      const lines = text.split(/(?<=\.)\s+/);
      const denied = lines.filter((line) => /^(There is no|No) /i.test(line));
      if (denied.length === 0) return undefined;
      const [line] = some(denied, 1, random) as [string];
      const wrong = line.replace(/^There is no /i, 'There is ').replace(/^No /i, 'There is ');
      const isRight = random.chance(0.5);
      return {
        images: [i],
        question: `Findings: ${isRight ? text : text.replace(line, wrong)}\nIs there an error in them?`,
        answer: isRight ? 'no' : 'yes',
        inOrder: ['yes', 'no'],
        text,
      };
    },
  },
];
