/** One model's edits measured: beside copies and exact counterfactuals, within their regions, and of contradictory instructions. */

import { foldIn, key } from '../../engine';
import type { Model } from '../../pipelines';
import { bootstrapMean, type Draws, textOf } from '../estimate';
import type { Finding, ResultTable } from '../result';
import { edited, lostOf } from './edits';
import type { JourneyInstruments } from './instruments';
import { differencesOf, MEASURES } from './measures';
import { type Opposites, opposites } from './opposites';
import type { JourneyEvaluationOptions } from './options';
import { paperJourneys } from './paper';
import { measureRegions, REGION_FRACTION } from './regions';
import { COPIED, type JourneyRow, rowMaker, tableOfRows } from './rows';
import type { JourneyTruth } from './truth';

export interface EditsEvaluation {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly rows: readonly JourneyRow[];
  readonly opposites?: Opposites;
}

export const EDITED = 'edited';
export const WITHIN = 'edited within its region';

export const JOURNEY_NOTES: readonly string[] = [
  'The phantom has no race: in CMIG the patient’s sex takes that place.',
  'One training of each model: intervals are over images, not over seeds.',
];

/** @throws the signal's reason where it was raised */
export async function evaluateEdits(
  model: Model,
  truth: JourneyTruth,
  instruments: JourneyInstruments,
  options: JourneyEvaluationOptions & { readonly draws?: number },
): Promise<EditsEvaluation> {
  const { recipe, seed, signal, onProgress, draws: count = 1000 } = options;
  const draws: Draws = { key: foldIn(key(seed), 1), draws: count };
  const of = (what: string) => ({
    recipe,
    seed,
    ...(signal && { signal }),
    onProgress: (done: number, total: number) => onProgress?.(what, done, total),
  });
  const { priors, instructions } = truth;
  const made = await edited(model, priors, instructions, of('edits'));
  const regions = await measureRegions(model, truth, of('regions'));
  const within = await edited(model, priors, instructions, { ...of('edits within regions'), masks: regions.masks });
  const maker = await rowMaker(truth, instruments);
  const rows = [await maker.row(EDITED, made), await maker.row(WITHIN, within), ...(await maker.bounds())];
  const [row, masked] = rows as [JourneyRow, JourneyRow];
  const copied = rows.find(({ name }) => name === COPIED)!;
  const contradictory = await opposites({
    truth,
    edit: (images, texts, what) => edited(model, images, texts, of(what)),
    presenceOf: instruments.presenceOf,
    draws,
  });
  const changing = regions.area.filter((area) => !Number.isNaN(area));
  const regionTable: ResultTable = {
    name: 'regions',
    title: `Region maps of ${truth.count} instructions: AUROC of the map for pixels that the exact counterfactual changes, and the part of the image in its mask (from ${REGION_FRACTION} of the map’s largest value on)`,
    intervals: `95% bootstrap over images, ${count} draws`,
    rows: [{ maps: changing.length, AUROC: bootstrapMean(changing, draws), 'in the mask': bootstrapMean(regions.covered, draws) }],
  };
  const gain = differencesOf(truth, row.measured, copied.measured, draws);
  const still = differencesOf(truth, masked.measured, row.measured, draws);
  const lost = lostOf(model, instructions);
  return {
    tables: [tableOfRows(truth, rows, draws), ...(contradictory ? [contradictory.table] : []), regionTable, paperJourneys()],
    findings: [
      {
        finding: 'Edits show the later findings better than the prior image does (pathology AUC)',
        paper: 'not printed',
        here: textOf(gain['pathology AUC'], 1),
        verdict: verdictOf(gain['pathology AUC'].low, gain['pathology AUC'].high),
      },
      ...(contradictory ? [obeyed(contradictory)] : []),
      {
        finding: 'Within its region an edit leaves the rest alone (error elsewhere falls)',
        paper: 'InstructX2X: CMIG rises to 89.35',
        here: textOf(still['error elsewhere'], 4),
        verdict: verdictOf(-still['error elsewhere'].high, -still['error elsewhere'].low),
      },
    ],
    definitions: { ...MEASURES, ...instruments.definitions },
    notes: [
      ...JOURNEY_NOTES,
      ...(lost > 0 ? [`${lost} of ${instructions.length} instructions are longer than the model reads: their ends have no effect.`] : []),
    ],
    rows,
    ...(contradictory && { opposites: contradictory }),
  };
}

const verdictOf = (low: number, high: number): Finding['verdict'] => (low > 0 ? 'repeated' : high < 0 ? 'not repeated' : 'undecided');

function obeyed({ obeyed: { edited, exact } }: Opposites): Finding {
  return {
    finding: 'Opposite instructions are obeyed: a finding is less likely after “resolved” than after “larger”',
    paper: 'not measured there',
    here: `${textOf(edited, 2)} of the images, exact images ${textOf(exact, 2)}, chance 0.5`,
    verdict: verdictOf(edited.low - 0.5, edited.high - 0.5),
  };
}
