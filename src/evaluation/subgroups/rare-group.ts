/** Whom a model serves worse whose training set has few findings of one group: a set in which women's are rare, beside one that lacks as many records of anyone. */

import type { ImageRecord } from '../../datasets';
import type { Key } from '../../engine';
import { permutation } from '../../engine/internal';
import { textOf } from '../estimate';
import { type Finding, isAbove0, type ResultTable } from '../result';
import { inHundredths } from '../text-measures';
import { subgroupsOf } from './divisions';
import { type OutcomeByGroup, outcomeByGroup } from './gaps';

/** Findings that are judged: those with an image of every group in a set of some hundreds. */
export const JUDGED: readonly string[] = ['Cardiomegaly', 'Edema', 'Consolidation', 'Pneumothorax', 'Pleural Effusion', 'Support Devices'];

/** Divisions that are told: sex, age band, body size. */
const DIVISIONS = ['sex', 'age', 'bmi'];

/** Of women with a finding, the share that the unequal training set keeps. */
const KEPT_OF_RARE = 0.1;
const [RARE, EQUAL] = ['women’s findings rare', 'as many left out at random'] as const;

/** Numbers of records of two training sets of the same size, by name. */
export function rareTrainingSets(records: readonly ImageRecord[], key: Key): Record<string, number[]> {
  const isRare = (i: number): boolean => records[i]!.sex === 'F' && JUDGED.some((label) => records[i]!.labels[label] === 1);
  const order = Array.from(permutation(key, records.length));
  const rare = order.filter(isRare);
  const left = new Set(rare.slice(Math.round(KEPT_OF_RARE * rare.length)));
  const sorted = (kept: readonly number[]): number[] => [...kept].sort((a, b) => a - b);
  return { [RARE]: sorted(order.filter((i) => !left.has(i))), [EQUAL]: sorted(order.slice(left.size)) };
}

/** Of findings that are absent, the share that is not said to be there. */
const SPECIFICITY = 0.9;

/** What the sensitivity is, for a result's definitions. */
export const sensitivityDefinition = (score: string, training: string): string =>
  `of ${JUDGED.join(', ')} that an image has, the share whose ${score} is above that of ${100 * SPECIFICITY}% of the absent ones of ${training}`;

/**
 * Whether each finding is said to be there: its score is higher than those of so many of the absent ones among records of the training. A model's own threshold
 * says more of its training than of what it sees.
 *
 * @param scores [records × JUDGED], row by row, of the records that are judged and of those of the training
 */
export function saidOf(
  scores: Float32Array,
  training: { readonly scores: Float32Array; readonly records: readonly ImageRecord[] },
): Uint8Array {
  const thresholds = JUDGED.map((label, f) => {
    const absent = training.records.flatMap(({ labels }, i) => (labels[label] === 0 ? [training.scores[i * JUDGED.length + f]!] : []));
    return absent.sort((a, b) => a - b)[Math.floor(SPECIFICITY * absent.length)] ?? 0;
  });
  return Uint8Array.from(scores, (score, i) => Number(score > thresholds[i % JUDGED.length]!));
}

/**
 * Sensitivity in each group, and the gap between the best and the worst: of findings that are there, the share that is said to be.
 *
 * @param said of `saidOf`
 */
export function sensitivityByGroup(
  said: Uint8Array,
  records: readonly ImageRecord[],
  options: { readonly key: Key; readonly draws: number; readonly signal?: AbortSignal },
): Promise<OutcomeByGroup> {
  const groups = subgroupsOf(records).filter(({ division }) => DIVISIONS.includes(division));
  return outcomeByGroup(
    groups,
    (rows) => {
      let [found, there] = [0, 0];
      for (const i of rows)
        JUDGED.forEach((label, f) => {
          if (records[i]!.labels[label] !== 1) return;
          there++;
          found += said[i * JUDGED.length + f]!;
        });
      return found / there;
    },
    options,
  );
}

/** @param groups outcomes with each training set, by its name */
export function sensitivityTable(name: string, title: string, groups: ReadonlyMap<string, OutcomeByGroup>, draws: number): ResultTable {
  return {
    name,
    title,
    intervals: `95% bootstrap over images of the group, ${draws} draws`,
    rows: [...groups].flatMap(([set, { rows }]) =>
      rows.map(({ division, group, images, value }) => ({
        'training set': set,
        division,
        group,
        images,
        sensitivity: value && inHundredths(value),
      })),
    ),
  };
}

/** Whether the group whose findings are rare is the one that is missed more often, and whether none is where they are not. */
export function rareGroupFindings(groups: ReadonlyMap<string, OutcomeByGroup>): Finding[] {
  const gapOf = (set: string): OutcomeByGroup['gaps'][number] | undefined =>
    groups.get(set)!.gaps.find(({ division }) => division === 'sex');
  const [rare, equal] = [gapOf(RARE), gapOf(EQUAL)];
  if (!rare || !equal) return []; // sexes are not known
  const told = ({ gap, lowest }: typeof rare): string => `${textOf(inHundredths(gap), 1)}, lowest ${lowest}`;
  return [
    {
      finding: 'Where findings of one sex are rare in training, they are missed more often',
      paper: 'gaps by sex, age and race are reported',
      here: told(rare),
      verdict: rare.lowest !== 'F' ? 'not repeated' : isAbove0(rare.gap),
    },
    {
      finding: 'Where they are as frequent, no such gap is seen',
      paper: 'not in the paper',
      here: told(equal),
      verdict: equal.gap.low > 0 ? 'not repeated' : 'repeated',
    },
  ];
}
