/**
 * CMIG, one number for a counterfactual's change and stillness, and its components. The formula is that of the paper's reviews, √(pathology · √(group · age)); it does
 * not give the paper's own column from the paper's components, so that the components are what to compare.
 */

import { auroc, pearson } from '../../../metrics';

/** The three measures that CMIG is made of, as fractions: areas from 0 to 1, and Pearson's r. */
export interface CmigComponents {
  /** Mean area over pathologies. */
  readonly pathologyAuc: number;
  /** Mean area of each group against the others: race in the paper, an invariant of the patient's elsewhere. */
  readonly groupAuc: number;
  /** Of ages and what is read from the images. */
  readonly ageCorrelation: number;
}

/** A mean area, and the areas that it is of. */
export interface MeanAuc {
  readonly mean: number;
  /** NaN where a class is missing: left out of the mean. */
  readonly byClass: readonly number[];
}

function meanOf(byClass: readonly number[]): MeanAuc {
  const known = byClass.filter((area) => !Number.isNaN(area));
  return { mean: known.reduce((sum, area) => sum + area, 0) / known.length, byClass };
}

function columnsOf(where: string, table: readonly ArrayLike<number>[], rows: number): number {
  const [first] = table;
  const bad = table.findIndex((row) => row.length !== first!.length);
  if (!first || table.length !== rows || bad >= 0)
    throw new RangeError(
      `${where}: expected ${rows} rows of one length, 1 at least; got ${table.length}${bad >= 0 ? `, of which row ${bad} has another length` : ''}`,
    );
  return first.length;
}

/**
 * @param labels of each image, 1 present, 0 absent, a column for each pathology
 * @param scores of the same shape, larger for "present"
 * @returns mean NaN where no pathology has both values
 * @throws RangeError where shapes differ
 */
export function pathologyAuc(labels: readonly ArrayLike<number>[], scores: readonly ArrayLike<number>[]): MeanAuc {
  const columns = columnsOf('pathologyAuc', labels, scores.length);
  if (columnsOf('pathologyAuc', scores, labels.length) !== columns)
    throw new RangeError(`pathologyAuc: ${columns} columns of labels, but scores have another number`);
  const column = (table: readonly ArrayLike<number>[], j: number): number[] => table.map((row) => row[j]!);
  return meanOf(Array.from({ length: columns }, (_, j) => auroc(column(scores, j), column(labels, j))));
}

/**
 * Areas of each group against all others.
 *
 * @param groups        of each image, whole numbers from 0
 * @param probabilities of each image, a column for each group
 * @throws RangeError where shapes differ, or a group has no column
 */
export function groupAuc(groups: ArrayLike<number>, probabilities: readonly ArrayLike<number>[]): MeanAuc {
  const columns = columnsOf('groupAuc', probabilities, groups.length);
  const of = Array.from(groups);
  const strange = of.find((group) => !(Number.isInteger(group) && group >= 0 && group < columns));
  if (strange !== undefined) throw new RangeError(`groupAuc: group ${strange}: expected a whole number below ${columns}, a column each`);
  return meanOf(
    Array.from({ length: columns }, (_, j) =>
      auroc(
        probabilities.map((row) => row[j]!),
        of.map((group) => Number(group === j)),
      ),
    ),
  );
}

/** CMIG of its components, 0 to 1: 0 where ages do not go together (r ≤ 0); NaN where a component is. */
export function cmig({ pathologyAuc: pathology, groupAuc: group, ageCorrelation }: CmigComponents): number {
  return Math.sqrt(pathology * Math.sqrt(group * (ageCorrelation <= 0 ? 0 : ageCorrelation)));
}

/** Pearson's r of ages and of what is read from the images; NaN where either does not vary. */
export const ageCorrelation = (ages: ArrayLike<number>, read: ArrayLike<number>): number => pearson(ages, read);
