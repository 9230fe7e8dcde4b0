/** Why a study was asked for: symptoms that are noisy causes of what it shows. */

import { foldIn, key } from '../../../engine';
import { type Draws, draws, fill } from '../../procedural';
import { reportGrammar } from '../grammar';
import type { Study } from '../types';

/**
 * How often a symptom is named where the study shows a finding of its kind, and where it shows none: an indication carries information about its image,
 * and never settles it.
 */
export const INDICATION_RATES = { withFinding: 0.6, without: 0.1 } as const;

/** The patient as an indication names them. */
function person({ age, patient }: Study): string {
  const [child, grown] = patient.sex === 'F' ? ['girl', 'woman'] : ['boy', 'man'];
  return `${age}-year-old ${age < 16 ? child : grown}`;
}

/** Draws which symptoms are named: indices into the grammar's `cues`. */
function chooseCues(study: Study, random: Draws): number[] {
  const shown = new Set(study.findings.map(({ kind }) => kind));
  return reportGrammar().report.indication.cues.flatMap(({ kinds }, i) => {
    const { withFinding, without } = INDICATION_RATES;
    return random.chance(kinds.some((kind) => shown.has(kind)) ? withFinding : without) ? [i] : [];
  });
}

/** The text of the section INDICATION, with its first letter as in running text. It names symptoms and never a finding. */
export function writeIndication(study: Study): string {
  const { cues, frames, plain } = reportGrammar().report.indication;
  const random = draws(foldIn(key(study.detail), 21));
  const chosen = chooseCues(study, random).map((i) => fill(cues[i]!.words, {}, random));
  const listed = chosen.length > 1 ? `${chosen.slice(0, -1).join(', ')} and ${chosen.at(-1)}` : (chosen[0] ?? '');
  return fill(chosen.length > 0 ? frames : plain, { who: person(study), cues: listed }, random);
}
