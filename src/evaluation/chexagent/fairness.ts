/** How well questions of presence are answered in each group of patients. */

import type { ImageRecord } from '../../datasets';
import type { Key } from '../../engine';
import type { Rows } from '../../files';
import { type AskedModel, answerLikelihoods, imageStates } from '../../systems';
import { subgroupsOf } from '../subgroups/divisions';
import { type OutcomeByGroup, outcomeByGroup } from '../subgroups/gaps';

/** Findings that are asked for: those with an image of every group in a set of some hundreds. */
export const ASKED_FOR: readonly string[] = [
  'Cardiomegaly',
  'Edema',
  'Consolidation',
  'Pneumothorax',
  'Pleural Effusion',
  'Support Devices',
];

/** Divisions that are told: sex, age band, body size. */
const DIVISIONS = ['sex', 'age', 'bmi'];

/** Whether each finding is said to be there, [records × ASKED_FOR], row by row: "yes" is likelier than "no". */
export async function saidOf(
  model: AskedModel,
  { records, pixels }: { readonly records: readonly ImageRecord[]; readonly pixels: Rows },
  watched: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<Uint8Array> {
  const states = await imageStates(model, pixels, watched);
  const questions = records.flatMap((_, i) =>
    ASKED_FOR.map((label) => ({ images: [i], question: `Does this chest radiograph show ${label.toLowerCase()}?` })),
  );
  const likelihoods = await answerLikelihoods(
    model,
    questions,
    questions.map(() => ['yes', 'no']),
    states,
    watched,
  );
  return Uint8Array.from(likelihoods, ([yes, no]) => Number(yes! > no!));
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
        ASKED_FOR.forEach((label, f) => {
          if (records[i]!.labels[label] !== 1) return;
          there++;
          found += said[i * ASKED_FOR.length + f]!;
        });
      return found / there;
    },
    options,
  );
}
