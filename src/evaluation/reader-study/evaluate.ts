/** `roentgen evaluate reader-study`: what readers found (section 6.5 of the paper). */

import { barFigure } from '../../display';
import { foldIn, type Key } from '../../engine';
import { type Bench, isDrawn } from '../bench';
import { bootstrapMean, shareOf } from '../estimate';
import { REAL } from '../image-set';
import type { EvaluationResult, ResultFigure, ResultTable } from '../result';
import { AGREEMENT_ITEMS, type ReaderAgreement, readerAgreement } from './agreement';
import { type ReaderProgress, type ReaderScore, readerScores } from './answers';
import { type PlanOptions, planReaderStudy, type ReaderPlan } from './plan';
import { type ReaderScale, readerScales, scaleWords } from './scales';
import { type ScoreSummary, scoreSummary, WILCOXON_ITEMS } from './score-summary';
import { ratingsFolder } from './study';

/** What was found of one model's images on one scale, by one reader or by all. */
export interface ReaderStudyRow extends ScoreSummary {
  readonly scale: ReaderScale;
  /** The model, or `real` for the real images with their own texts. */
  readonly images: string;
  /** A reader's name, or `all`: then each item counts once, with its mean over readers. */
  readonly reader: string;
}

export interface AgreementRow extends ReaderAgreement {
  readonly scale: ReaderScale;
  readonly images: string;
}

export interface ReaderStudyResult extends EvaluationResult {
  readonly rows: readonly ReaderStudyRow[];
  readonly agreement: readonly AgreementRow[];
  readonly scores: readonly ReaderScore[];
  readonly readers: readonly ReaderProgress[];
}

const INTERVALS =
  '95%: means and kappa by bootstrap over items, 1000 draws; fractions by Wilson; ICC by McGraw and Wong. They say nothing of other readers.';

/**
 * The results of the readers so far, of whom there may be none: notes then say what is missing.
 *
 * @throws FileError where a file of ratings was changed
 */
export async function evaluateReaderStudy(bench: Bench, options: PlanOptions = {}): Promise<ReaderStudyResult> {
  const plan = planReaderStudy(bench, options);
  const { scores, readers } = await readerScores(ratingsFolder(bench, plan), plan);
  const key = foldIn(bench.key, 0x7eae);
  const rating = readers.filter(({ rated }) => rated > 0); // who has only opened the page keeps no agreement of others away
  const groups = groupsOf(plan);
  const rows = groups.flatMap(({ scale, images }) => {
    const here = scores.filter((score) => score.scale === scale && score.images === images);
    const given = readers.map(({ reader }) => ({
      reader,
      values: here.filter((score) => score.reader === reader).map(({ score }) => score),
    }));
    const all = {
      reader: 'all',
      values: [...byItem(here).values()].map((of) => of.reduce((sum, { score }) => sum + score, 0) / of.length),
    };
    return [...(rating.length > 1 ? [all] : []), ...given]
      .filter(({ values }) => values.length > 0)
      .map(({ reader, values }): ReaderStudyRow => ({ scale, images, reader, ...scoreSummary(values, key) }));
  });
  const agreement = groups.flatMap(({ scale, images }): AgreementRow[] => {
    const complete = [...byItem(scores.filter((score) => score.scale === scale && score.images === images)).values()]
      .filter((of) => of.length === rating.length && rating.length > 1)
      .map((of) => of.map(({ score }) => score));
    return complete.length < AGREEMENT_ITEMS ? [] : [{ scale, images, ...readerAgreement(complete, key) }];
  });
  return {
    evaluation: 'reader-study',
    title: 'Reader study',
    paper: 'Section 6.5 (2 radiologists, 104 pairs and 107 images with texts; its averages are lost in the text that we have)',
    tables: tablesOf(rows, agreement, scores, key),
    figures: rows.length > 0 ? figuresOf(scores, groups) : [],
    definitions: DEFINITIONS,
    notes: [
      ...plan.notes,
      ...(isDrawn(bench)
        ? [`"Real" are here the drawn images of the ${bench.data}: readers say what a model does to those, nothing of patients.`]
        : []),
      ...missing(readers, rating.length, agreement.length),
    ],
    rows,
    agreement,
    scores,
    readers,
  };
}

/** Scale and images of all rows, in the order of the plan. */
function groupsOf({ items }: ReaderPlan): { scale: ReaderScale; images: string }[] {
  return readerScales.flatMap((scale) =>
    [...new Set(items.filter((item) => item.scale === scale).map(({ images }) => images))].map((images) => ({ scale, images })),
  );
}

function byItem(scores: readonly ReaderScore[]): Map<number, ReaderScore[]> {
  const items = new Map<number, ReaderScore[]>();
  for (const score of scores) items.set(score.item, [...(items.get(score.item) ?? []), score]);
  return items;
}

function tablesOf(
  rows: readonly ReaderStudyRow[],
  agreement: readonly AgreementRow[],
  scores: readonly ReaderScore[],
  key: Key,
): ResultTable[] {
  if (scores.length === 0) return [];
  const findings = [...new Set(scores.map(({ finding }) => finding))].sort();
  const perFinding = readerScales.flatMap((scale) =>
    findings.flatMap((finding) => {
      const items = byItem(scores.filter((score) => score.scale === scale && score.finding === finding && score.images !== REAL));
      const values = [...items.values()].map((of) => of.reduce((sum, { score }) => sum + score, 0) / of.length);
      return values.length < 2 ? [] : [{ scale, finding, items: values.length, mean: bootstrapMean(values, { key }) }];
    }),
  );
  return [
    { name: 'reader-study', title: 'Scores, -2 to 2', rows: rows.map((row) => ({ ...row })), intervals: INTERVALS },
    { name: 'reader-agreement', title: 'Agreement of readers', rows: agreement.map((row) => ({ ...row })), intervals: INTERVALS },
    { name: 'reader-study-by-finding', title: 'Scores of synthetic images by finding', rows: perFinding, intervals: INTERVALS },
    { name: 'reader-ratings', title: 'All ratings', detail: true, rows: scores.map((score) => ({ ...score })) },
  ].filter(({ rows }) => rows.length > 0);
}

/** How often each answer was given, of all readers together. */
function figuresOf(scores: readonly ReaderScore[], groups: readonly { scale: ReaderScale; images: string }[]): ResultFigure[] {
  return readerScales.flatMap((scale): ResultFigure[] => {
    const series = groups
      .filter((group) => group.scale === scale)
      .map(({ images }) => ({ images, of: scores.filter((score) => score.scale === scale && score.images === images) }))
      .filter(({ of }) => of.length > 0)
      .map(({ images, of }) => {
        const shares = [-2, -1, 0, 1, 2].map((value) => shareOf(of.filter(({ score }) => score === value).length, of.length));
        return {
          name: `${images} (${of.length} ratings)`,
          values: shares.map(({ value }) => value),
          low: shares.map(({ low }) => low),
          high: shares.map(({ high }) => high),
        };
      });
    if (series.length === 0) return [];
    const words = FIGURES[scale];
    return [
      {
        name: `reader-study-${scale}`,
        caption: words.caption,
        figure: barFigure({
          title: scaleWords[scale].question,
          categories: words.categories,
          series,
          horizontal: true,
          xTitle: 'fraction of ratings',
          yTitle: '',
          interval: '95% Wilson interval of ratings',
        }),
      },
    ];
  });
}

const FIGURES: Readonly<Record<ReaderScale, { categories: readonly string[]; caption: string }>> = {
  realism: {
    categories: ['-2: real, clearly', '-1: real, slightly', '0: no difference', '1: synthetic, slightly', '2: synthetic, clearly'],
    caption:
      'Which image of a pair readers found more realistic. Images that nobody can tell apart give as much on the left as on the right.',
  },
  alignment: {
    categories: scaleWords.alignment.anchors.map((anchor, i) => `${i - 2}: ${anchor.toLowerCase()}`),
    caption: 'How well readers found that images match their texts; real images with their own texts are what can be reached.',
  },
};

const DEFINITIONS: Readonly<Record<string, string>> = {
  realism:
    'v1: a real and a synthetic image of one text side by side, blinded, sides drawn by reader; -2 the real one is clearly more realistic, -1 slightly, 0 no difference, 1 the synthetic one slightly, 2 clearly.',
  alignment: `v1: an image beside its text, blinded; ${scaleWords.alignment.anchors.map((anchor, i) => `${i - 2} ${anchor.toLowerCase()}`).join(', ')}. A fifth as many real images with their own texts come among them. The wording is ours: the paper's is not known.`,
  sample:
    'v1: prompts of the test part, drawn by key so that each finding (and none) comes in turn, the rarest first; the same for all models and readers.',
  'mean of all': 'v1: the mean over items of the mean over the readers who rated them.',
  p: `v1: Wilcoxon's signed-rank test of the scores against 0, zeros left out, normal approximation with correction; none with fewer than ${WILCOXON_ITEMS} scores other than 0.`,
  kappa: "v1: Cohen's kappa with quadratic weights, the mean over pairs of readers, on items that all have rated.",
  fleiss: "v1: Fleiss' kappa of the five answers, on items that all have rated.",
  icc: 'v1: ICC(2,1) of Shrout and Fleiss, absolute agreement of single readers, on items that all have rated.',
};

function missing(readers: readonly ReaderProgress[], rating: number, agreements: number): string[] {
  const unfinished = readers.filter(({ rated, items }) => rated < items);
  return [
    ...(rating === 0 ? ['No reader has rated yet: roentgen evaluate reader-study --reader NAME opens the page.'] : []),
    ...unfinished.map(({ reader, rated, items }) => `${reader} has rated ${rated} of ${items} items; the same command goes on.`),
    ...(rating === 1 ? ['Agreement needs a second reader.'] : []),
    ...(rating > 1 && agreements === 0
      ? [`No scale has ${AGREEMENT_ITEMS} items that all ${rating} readers have rated, so there is no agreement yet.`]
      : []),
  ];
}
