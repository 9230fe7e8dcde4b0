/** Tasks of two images of one patient, the earlier one first. */

import { courses } from '../source';
import { another, type Task } from '../task';
import { diseasesOf, listed } from '../words';

export const temporalTasks: readonly Task[] = [
  {
    name: 'Temporal Image Classification',
    make(source, i, random) {
      const before = source.prior(i);
      const known = source.courses?.(i) ?? [];
      if (before === undefined || known.length === 0) return undefined;
      const { name, course } = random.pick(known);
      return {
        images: [before, i],
        question: `How has the ${name} changed from the first chest radiograph to the second?`,
        answer: course,
        wrong: courses.filter((other) => other !== course),
      };
    },
  },
  {
    name: 'Progression Findings Generation',
    make(source, i) {
      const before = source.prior(i);
      const answer = source.progression?.(i);
      if (before === undefined || answer === undefined) return undefined;
      return { images: [before, i], question: 'Write what has changed from the first chest radiograph to the second.', answer };
    },
  },
  {
    name: 'Difference VQA',
    make(source, i, random) {
      const before = source.prior(i);
      if (before === undefined) return undefined;
      const [then, now] = [before, i].map((j) => diseasesOf(source.records[j]!, 1)) as [string[], string[]];
      const isNew = random.chance(0.5);
      const found = isNew ? now.filter((one) => !then.includes(one)) : then.filter((one) => !now.includes(one));
      return {
        images: [before, i],
        question: isNew
          ? 'What does the second chest radiograph show that the first does not?'
          : 'What does the first chest radiograph show that the second does not?',
        answer: found.length > 0 ? listed(found) : 'nothing',
      };
    },
  },
  {
    name: 'Temporal Patient Matching',
    make(source, i, random) {
      const before = source.prior(i);
      if (before === undefined) return undefined;
      const isSame = random.chance(0.5);
      const { sex, view } = source.records[i]!;
      const j = isSame ? before : another(source, i, random, (j) => source.records[j]!.sex === sex && source.records[j]!.view === view);
      if (j === undefined) return undefined;
      return {
        images: [j, i],
        question: 'Are both chest radiographs of the same patient?',
        answer: isSame ? 'yes' : 'no',
        inOrder: ['yes', 'no'],
      };
    },
  },
];
