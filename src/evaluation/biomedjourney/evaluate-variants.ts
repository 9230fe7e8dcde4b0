/** The paper's rows: what the prior, the curriculum, registration and the words are worth, all trained alike and measured on the same journeys. */

import { foldIn, key } from '../../engine';
import { disposeModel, type Model } from '../../pipelines';
import { type JourneyRun, narrowForText, singlesModel, type TriplesPart, TWO_STAGES, triplesModel } from '../../systems';
import { type Draws, textOf } from '../estimate';
import type { Finding, ResultTable } from '../result';
import { drawn, edited, redrawn, STRENGTH } from './edits';
import { JOURNEY_NOTES } from './evaluate-edits';
import type { JourneyInstruments } from './instruments';
import { differencesOf, MEASURES, type Measure } from './measures';
import type { JourneyEvaluationOptions } from './options';
import { paperJourneys } from './paper';
import { type JourneyRow, rowMaker, tableOfRows } from './rows';
import type { JourneyTruth } from './truth';

const FULL = 'two stages, registered (BiomedJourney)';
const NO_PRIOR = 'no prior (RoentGen)';
const REDRAWN: string = `image-to-image, strength ${STRENGTH}`;
const ONE_STAGE = 'one stage, registered (InstructPix2Pix)';
const UNREGISTERED = 'two stages, not registered';
const IMPRESSION = 'two stages, registered, impression in place of progression';

/** Rows that are trained on triples. */
const TRAINED: Readonly<Record<string, TriplesPart>> = {
  [FULL]: TWO_STAGES,
  [ONE_STAGE]: { ...TWO_STAGES, name: 'one-stage', begins: 'autoencoder' },
  [UNREGISTERED]: { ...TWO_STAGES, name: 'unregistered', registered: false },
  'one stage, not registered': { ...TWO_STAGES, name: 'one-stage-unregistered', begins: 'autoencoder', registered: false },
  [IMPRESSION]: { ...TWO_STAGES, name: 'impression', text: 'impression' },
};

export interface VariantsEvaluation {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly rows: readonly JourneyRow[];
}

/** Frees the model when its images are made. */
async function using<T>(model: Promise<Model>, make: (model: Model) => Promise<T>): Promise<T> {
  const own = await model;
  try {
    return await make(own);
  } finally {
    disposeModel(own);
  }
}

/**
 * Trains what is not there yet, and measures all rows.
 *
 * @throws what the run's `ended` throws where a training was interrupted: the same call goes on; the signal's reason where it was raised
 */
export async function evaluateVariants(
  run: JourneyRun,
  truth: JourneyTruth,
  instruments: JourneyInstruments,
  options: Omit<JourneyEvaluationOptions, 'recipe'> & { readonly draws?: number },
): Promise<VariantsEvaluation> {
  const { recipe } = run;
  const { seed, signal, onProgress, draws: count = 1000 } = options;
  const draws: Draws = { key: foldIn(key(seed), 1), draws: count };
  const of = (what: string) => ({
    recipe,
    seed,
    ...(signal && { signal }),
    onProgress: (done: number, total: number) => onProgress?.(what, done, total),
  });
  const { priors, instructions, impressions } = truth;
  const maker = await rowMaker(truth, instruments);
  const rows: JourneyRow[] = [];
  for (const [name, part] of Object.entries(TRAINED)) {
    const texts = part.text === 'progression' ? instructions : impressions;
    rows.push(
      await using(triplesModel(run, part), async (model) => maker.row(name, await edited(model, priors, texts, of(`edits: ${part.name}`)))),
    );
  }
  rows.push(
    ...(await using(singlesModel(run), async (model) => {
      narrowForText(model);
      return [
        await maker.row(NO_PRIOR, await drawn(model, impressions, of('images without prior'))),
        await maker.row(REDRAWN, await redrawn(model, priors, impressions, of('image-to-image'))),
      ];
    })),
    ...(await maker.bounds()),
  );
  return {
    tables: [tableOfRows(truth, rows, draws), paperJourneys()],
    findings: findingsOf(truth, rows, draws),
    definitions: { ...MEASURES, ...instruments.definitions },
    notes: [
      ...JOURNEY_NOTES,
      `Rows of one stage have as many steps as both stages together: ${recipe.singles.steps + recipe.triples.steps}.`,
      'Without prior and with image-to-image the model is that of stage 1, and its text what the later image shows.',
    ],
    rows,
  };
}

function findingsOf(truth: JourneyTruth, rows: readonly JourneyRow[], draws: Draws): Finding[] {
  const row = (name: string): JourneyRow => rows.find((one) => one.name === name)!;
  const above = (measure: Measure, other: string, finding: string, paper: string): Finding => {
    const difference = differencesOf(truth, row(FULL).measured, row(other).measured, draws)[measure];
    const { low, high } = difference;
    return { finding, paper, here: textOf(difference, 1), verdict: low > 0 ? 'repeated' : high < 0 ? 'not repeated' : 'undecided' };
  };
  return [
    above('identified', NO_PRIOR, 'The prior keeps identity where text alone loses it (identified)', 'race AUC 97.2 against 84.7'),
    above('pathology AUC', NO_PRIOR, 'It shows findings as well as text alone does (pathology AUC)', '80.5 against 79.6'),
    above('lung Dice', UNREGISTERED, 'Unregistered pairs cost lung Dice', 'CMIG 83.2 against 76.4'),
    above('identified', UNREGISTERED, 'Unregistered pairs cost identity (identified)', 'CMIG 83.2 against 76.4'),
    above('CMIG', ONE_STAGE, 'Two stages are better than one of as many steps (CMIG)', '83.23 against 82.83'),
    above('CMIG', IMPRESSION, 'Words for what changed are better than the impression (CMIG)', '83.23 against 82.96'),
  ];
}
