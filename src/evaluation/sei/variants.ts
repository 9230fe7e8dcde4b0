/** The rows of SEI's table: what a writer is trained on, and what it is given when it is measured. */

import type { SeiRecipe, SeiStudy } from '../../systems';
import { caseText, indicationText, type WriterSource } from '../../systems';

/** A writer that is trained. */
export interface TrainedVariant {
  readonly name: string;
  readonly reads: readonly WriterSource[];
  readonly begins: SeiRecipe['writer']['begins'];
}

export const FULL = 'SEI-1';
export const NO_CASE = 'SEI-0 (no case)';
export const NO_INDICATION = 'SEI-1 without indication';
export const ALIGNED = 'R2Gen + alignment';
export const BASELINE = 'R2Gen-like';

export const TRAINED: readonly TrainedVariant[] = [
  { name: BASELINE, reads: [], begins: 'random' },
  { name: ALIGNED, reads: [], begins: 'aligned' },
  { name: NO_INDICATION, reads: ['case'], begins: 'aligned' },
  { name: NO_CASE, reads: ['indication'], begins: 'aligned' },
  { name: FULL, reads: ['case', 'indication'], begins: 'aligned' },
];

/** The recipe with another writer. */
export const recipeOf = (recipe: SeiRecipe, { reads, begins }: TrainedVariant): SeiRecipe => ({
  ...recipe,
  writer: { ...recipe.writer, reads, begins },
});

/** What a writer is given of each study. */
export interface Given {
  readonly cases: readonly (string | undefined)[];
  readonly indications: readonly (string | undefined)[];
}

/** Ways to put `FULL` to use: as it is, without one of the two, and with those of other studies, which say nothing of this one. */
export const MEASURED: Readonly<Record<string, (studies: readonly SeiStudy[]) => Given>> = {
  [FULL]: (studies) => ({ cases: studies.map(caseText), indications: studies.map(indicationText) }),
  'SEI-1, indication withheld': (studies) => ({ cases: studies.map(caseText), indications: studies.map(() => undefined) }),
  'SEI-1, indication of another study': (studies) => ({ cases: studies.map(caseText), indications: turned(studies).map(indicationText) }),
  'SEI-1, case withheld': (studies) => ({ cases: studies.map(() => undefined), indications: studies.map(indicationText) }),
  'SEI-1, case of another study': (studies) => ({ cases: turned(studies).map(caseText), indications: studies.map(indicationText) }),
};

/** Each study's place taken by one half the list away: of another patient, as studies of one lie side by side. */
function turned(studies: readonly SeiStudy[]): SeiStudy[] {
  const half = Math.ceil(studies.length / 2);
  return studies.map((_, i) => studies[(i + half) % studies.length]!);
}

/** Limits on length, as fractions of the recipe's: the paper has 60 and 80 tokens beside 100. */
export const LENGTHS = [0.6, 0.8] as const;
