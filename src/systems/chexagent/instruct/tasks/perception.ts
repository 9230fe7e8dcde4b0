/** Tasks of what an image shows: view, diseases, how severe, where. */

import type { AskedFinding } from '../../../../datasets';
import { nameOf } from '../source';
import { another, type Draft, some, type Task } from '../task';
import { diseasesOf, listed } from '../words';

const VIEWS = ['PA', 'AP', 'LATERAL'] as const;

/** A view by one name. */
const viewOf = (view: string | undefined): string | undefined => VIEWS.find((known) => known === view?.toUpperCase());

const YES_NO = ['yes', 'no'] as const;

/** A question whose answer is yes or no; options stand in that order, so that letters say nothing. */
const yesNo = (images: readonly number[], question: string, isSo: boolean): Draft => ({
  images,
  question,
  answer: isSo ? 'yes' : 'no',
  inOrder: YES_NO,
});

const GRADES = { degree: ['mild', 'moderate', 'severe'], size: ['small', 'moderate', 'large'] } as const;
const IN_DEGREES = ['cardiomegaly', 'edema'];

/** The only finding of its kind, as questions of an attribute need one. */
const single = (findings: readonly AskedFinding[], attribute: 'side' | 'grade' | 'lobe' | 'zone'): AskedFinding[] =>
  findings.filter((one) => one[attribute] !== undefined && findings.filter(({ kind }) => kind === one.kind).length === 1);

export const perceptionTasks: readonly Task[] = [
  {
    name: 'View Classification',
    make({ records }, i) {
      const view = viewOf(records[i]!.view);
      if (view === undefined) return undefined;
      return {
        images: [i],
        question: 'From which view was this chest radiograph taken?',
        answer: view,
        wrong: VIEWS.filter((other) => other !== view),
      };
    },
  },
  {
    name: 'View Matching',
    make(source, i, random) {
      const view = viewOf(source.records[i]!.view);
      if (view === undefined) return undefined;
      const isSame = random.chance(0.5);
      const j = another(source, i, random, (j) => {
        const other = viewOf(source.records[j]!.view);
        return other !== undefined && (other === view) === isSame;
      });
      return j === undefined ? undefined : yesNo([i, j], 'Were both chest radiographs taken from the same view?', isSame);
    },
  },
  {
    name: 'Binary Disease Classification',
    make({ records }, i, random) {
      const [there, absent] = [diseasesOf(records[i]!, 1), diseasesOf(records[i]!, 0)];
      const isThere = there.length > 0 && (absent.length === 0 || random.chance(0.6)); // images without any make up for it
      const from = isThere ? there : absent;
      return from.length === 0 ? undefined : yesNo([i], `Does this chest radiograph show ${random.pick(from)}?`, isThere);
    },
  },
  {
    name: 'Single Disease Classification',
    make({ records }, i, random) {
      const [there, absent] = [diseasesOf(records[i]!, 1), diseasesOf(records[i]!, 0)];
      if (there.length === 0 || absent.length < 3) return undefined;
      return {
        images: [i],
        question: 'Which finding does this chest radiograph show?',
        answer: random.pick(there),
        wrong: some(absent, 3, random),
      };
    },
  },
  {
    name: 'Multiple Disease Classification',
    make({ records }, i, random) {
      const [there, absent] = [diseasesOf(records[i]!, 1), diseasesOf(records[i]!, 0)];
      if (there.length < 2 || absent.length < 3) return undefined;
      const pair = some(there, 2, random);
      const others = some(absent, 3, random);
      const wrong = [
        [pair[0]!, others[0]!],
        [others[1]!, pair[1]!],
        [others[2]!, others[0]!],
      ].map((each) => listed(each));
      return { images: [i], question: 'Which findings does this chest radiograph show?', answer: listed(pair), wrong };
    },
  },
  {
    name: 'Disease Identification',
    make({ records }, i) {
      if (Object.keys(records[i]!.labels).length === 0) return undefined;
      const there = diseasesOf(records[i]!, 1);
      return {
        images: [i],
        question: 'List the findings of this chest radiograph.',
        answer: there.length > 0 ? there.join(', ') : 'no finding',
      };
    },
  },
  {
    name: 'Severity Classification',
    make({ findings }, i, random) {
      const graded = single(findings?.(i) ?? [], 'grade');
      if (graded.length === 0) return undefined;
      const { kind, grade } = random.pick(graded);
      const words = IN_DEGREES.includes(kind) ? GRADES.degree : GRADES.size;
      const answer = words[grade!];
      const how = words === GRADES.degree ? 'How severe' : 'How large';
      return { images: [i], question: `${how} is the ${nameOf(kind)}?`, answer, wrong: words.filter((other) => other !== answer) };
    },
  },
  {
    name: 'Side Classification',
    make({ findings }, i, random) {
      const sided = single(findings?.(i) ?? [], 'side');
      if (sided.length === 0) return undefined;
      const { kind, side } = random.pick(sided);
      return {
        images: [i],
        question: `On which side of the patient is the ${nameOf(kind)}?`,
        answer: side!,
        wrong: [side === 'left' ? 'right' : 'left'],
      };
    },
  },
  {
    name: 'Location Classification',
    make({ findings }, i, random) {
      const all = findings?.(i) ?? [];
      const placed = [...single(all, 'lobe'), ...single(all, 'zone')];
      if (placed.length === 0) return undefined;
      const { kind, lobe, zone } = random.pick(placed);
      if (lobe !== undefined)
        return {
          images: [i],
          question: `In which lobe is the ${nameOf(kind)}?`,
          answer: lobe,
          wrong: ['upper', 'middle', 'lower'].filter((other) => other !== lobe),
        };
      return {
        images: [i],
        question: `In which zone is the ${nameOf(kind)}?`,
        answer: zone!,
        wrong: ['upper', 'mid', 'lower'].filter((other) => other !== zone),
      };
    },
  },
  {
    name: 'Open-Ended VQA',
    make({ records }, i, random) {
      const { view, age, sex } = records[i]!;
      const facts: [string, string][] = [];
      if (viewOf(view) !== undefined)
        facts.push(['Is this a frontal or a lateral chest radiograph?', viewOf(view) === 'LATERAL' ? 'lateral' : 'frontal']);
      if (sex !== undefined) facts.push(['Is the patient a woman or a man?', sex === 'F' ? 'woman' : 'man']);
      if (age !== undefined) facts.push(['Is the patient a child or an adult?', age < 16 ? 'child' : 'adult']);
      const there = diseasesOf(records[i]!, 1);
      if (Object.keys(records[i]!.labels).length > 0)
        facts.push(['Is this chest radiograph normal?', there.length === 0 ? 'normal' : 'abnormal']);
      if (facts.length === 0) return undefined;
      const [question, answer] = random.pick(facts);
      return { images: [i], question, answer };
    },
  },
  {
    name: 'Close-Ended VQA',
    make({ records }, i, random) {
      const { sides } = records[i]!;
      const known = Object.entries(sides);
      if (known.length === 0) return undefined;
      const [finding, side] = random.pick(known);
      const asked = random.chance(0.5) ? 'left' : 'right';
      return yesNo([i], `Is the ${finding} on the patient's ${asked}?`, asked === side);
    },
  },
];
