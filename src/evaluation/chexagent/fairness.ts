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

/** How much likelier "yes" is than "no" to each finding, nats a token, [records × ASKED_FOR], row by row. */
export async function marginsOf(
  model: AskedModel,
  { records, pixels }: { readonly records: readonly ImageRecord[]; readonly pixels: Rows },
  watched: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<Float32Array> {
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
  return Float32Array.from(likelihoods, ([yes, no]) => yes! - no!);
}

/** Of findings that are absent, the share that is not said to be there. */
export const SPECIFICITY = 0.9;

/**
 * Whether each finding is said to be there: "yes" is likelier than for so many of the absent ones among records of the training. A model's own balance of
 * "yes" and "no" says more of its training's questions than of what it sees.
 *
 * @param margins of `marginsOf`, of the records that are judged and of those of the training
 */
export function saidOf(
  margins: Float32Array,
  training: { readonly margins: Float32Array; readonly records: readonly ImageRecord[] },
): Uint8Array {
  const thresholds = ASKED_FOR.map((label, f) => {
    const absent = training.records.flatMap(({ labels }, i) => (labels[label] === 0 ? [training.margins[i * ASKED_FOR.length + f]!] : []));
    return absent.sort((a, b) => a - b)[Math.floor(SPECIFICITY * absent.length)] ?? 0;
  });
  return Uint8Array.from(margins, (margin, i) => Number(margin > thresholds[i % ASKED_FOR.length]!));
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
