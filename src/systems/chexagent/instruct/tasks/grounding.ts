/** Tasks of where something is: boxes in whole hundredths of the image's sides. */

import type { BoxedFinding, InstructSource } from '../source';
import { some, type Task } from '../task';
import { boxText, diseasesOf } from '../words';

/** Boxes of findings that are the only one of their phrase. */
function boxesOf({ boxes }: InstructSource, i: number): BoxedFinding[] {
  const all = boxes?.(i) ?? [];
  return all.filter(({ phrase }) => all.filter((other) => other.phrase === phrase).length === 1);
}

export const groundingTasks: readonly Task[] = [
  {
    name: 'Abnormality Detection',
    order: 'boxes',
    make(source, i, random) {
      const all = source.boxes?.(i) ?? [];
      if (all.length === 0) return undefined;
      const { name } = random.pick(all);
      const boxes = all.filter((other) => other.name === name).map(({ box }) => boxText(box));
      return { images: [i], question: `Find all places of ${name}.`, answer: boxes.join(' ') };
    },
  },
  {
    name: 'Phrase Grounding',
    order: 'boxes',
    make(source, i, random) {
      const all = boxesOf(source, i);
      if (all.length === 0) return undefined;
      const { phrase, box } = random.pick(all);
      return { images: [i], question: `Where is the ${phrase}? Give its box.`, answer: boxText(box) };
    },
  },
  {
    name: 'Grounded Phrase Extraction',
    order: 'boxes',
    make(source, i, random) {
      const all = boxesOf(source, i);
      if (all.length === 0) return undefined;
      const { phrase, box } = random.pick(all);
      return { images: [i], question: `What is in the box ${boxText(box)}?`, answer: phrase };
    },
  },
  {
    name: 'Grounded Diagnosis',
    order: 'boxes',
    make(source, i, random) {
      const all = boxesOf(source, i);
      const absent = diseasesOf(source.records[i]!, 0);
      if (all.length === 0 || absent.length < 3) return undefined;
      const { name, box } = random.pick(all);
      const wrong = some(
        absent.filter((other) => !other.includes(name) && !name.includes(other)),
        3,
        random,
      );
      return wrong.length === 0
        ? undefined
        : { images: [i], question: `Which finding is in the box ${boxText(box)}?`, answer: name, wrong };
    },
  },
];
