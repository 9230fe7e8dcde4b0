/** What readers found of a study of reports. */

import { join } from 'node:path';
import { foldIn, type Key } from '../../engine';
import { AGREEMENT_ITEMS, readerAgreement } from '../reader-study/agreement';
import { readersOf, readRatings } from '../reader-study/ratings';
import { scoreSummary, WILCOXON_ITEMS } from '../reader-study/score-summary';
import { type Finding, isAbove0, type ResultTable, type SystemEvaluation } from '../result';
import { pairRow, type ReportPair, readReportPairs, writeTable } from './file';
import { type ReportCriterion, reportCriteria, reportList, reportScore } from './list';
import { reportRatings } from './sitting';

/** One rating, unblinded. */
export interface ReportScore {
  readonly reader: string;
  /** The pair's place in the file. */
  readonly pair: number;
  readonly criterion: ReportCriterion;
  /** -2 to 2, above 0 where the candidate is the better one. */
  readonly score: number;
  readonly seconds: number;
}

export interface ReportStudyResult extends SystemEvaluation {
  readonly scores: readonly ReportScore[];
}

const INTERVALS =
  '95%: means and kappa by bootstrap over pairs, 1000 draws; fractions by Wilson; ICC by McGraw and Wong. They say nothing of other readers.';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Tables of the readers so far, of whom there may be none: notes then say what is missing. `ratings.csv` gets the file's columns with each reader's scores behind them.
 *
 * @param out where ratings are kept
 * @throws FileError where the file can't be read, or ratings were changed
 */
export async function evaluateReportStudy(
  file: string,
  { out, key }: { readonly out: string; readonly key: Key },
): Promise<ReportStudyResult> {
  const pairs = await readReportPairs(file);
  const { scores, progress } = await scoresOf(pairs, reportRatings(out, pairs));
  const readers = [...new Set(scores.map(({ reader }) => reader))];
  await writeTable(join(out, 'ratings.csv'), ratingRows(pairs, scores));
  const byCriterion = reportCriteria.map((criterion) => ({ criterion, of: scores.filter((score) => score.criterion === criterion) }));
  const tables: ResultTable[] = [
    {
      name: 'report-study',
      title: 'The candidate beside the reference, -2 to 2',
      intervals: INTERVALS,
      rows: byCriterion.flatMap(({ criterion, of }) => {
        const each = readers.map((reader) => ({ reader, values: of.filter((one) => one.reader === reader).map(({ score }) => score) }));
        const all = { reader: 'all', values: [...scoresOfPairs(of).values()].map(mean) };
        return [...(readers.length > 1 ? [all] : []), ...each]
          .filter(({ values }) => values.length > 0)
          .map(({ reader, values }) => ({ criterion, reader, ...scoreSummary(values, foldIn(key, 1)) }));
      }),
    },
    {
      name: 'report-agreement',
      title: 'Agreement of readers',
      intervals: INTERVALS,
      rows: byCriterion.flatMap(({ criterion, of }) => {
        const complete = [...scoresOfPairs(of).values()].filter((values) => values.length === readers.length);
        if (readers.length < 2 || complete.length < AGREEMENT_ITEMS) return [];
        return [{ criterion, ...readerAgreement(complete, foldIn(key, 2)) }];
      }),
    },
  ];
  return {
    tables: tables.filter(({ rows }) => rows.length > 0),
    findings: scores.length === 0 ? [] : byCriterion.map(({ criterion, of }) => findingOf(criterion, of, key)),
    definitions: DEFINITIONS,
    notes: notesOf(progress),
    scores,
  };
}

async function scoresOf(
  pairs: readonly ReportPair[],
  folder: string,
): Promise<{ scores: ReportScore[]; progress: { reader: string; rated: number; items: number }[] }> {
  const scores: ReportScore[] = [];
  const progress = [];
  for (const reader of await readersOf(folder)) {
    const ratings = await readRatings(folder, reader);
    const list = reportList(pairs, reader);
    const own = list.flatMap((item): ReportScore[] => {
      const rating = ratings.get(item.id);
      if (!rating) return [];
      return [{ reader, pair: item.pair, criterion: item.criterion, score: reportScore(item, rating.choice), seconds: rating.seconds }];
    });
    scores.push(...own.sort((a, b) => a.pair - b.pair));
    progress.push({ reader, rated: own.length, items: list.length });
  }
  return { scores, progress };
}

/** All readers' scores of each pair. */
function scoresOfPairs(scores: readonly ReportScore[]): Map<number, number[]> {
  const pairs = new Map<number, number[]>();
  for (const { pair, score } of scores) pairs.set(pair, [...(pairs.get(pair) ?? []), score]);
  return pairs;
}

/** The file's columns, and a reader's scores behind them. */
function ratingRows(pairs: readonly ReportPair[], scores: readonly ReportScore[]): Record<string, string | number | null>[] {
  const readers = [...new Set(scores.map(({ reader }) => reader))];
  return readers.flatMap((reader) =>
    pairs.flatMap((pair, i) => {
      const own = scores.filter((score) => score.reader === reader && score.pair === i);
      if (own.length === 0) return [];
      const scored = reportCriteria.map((criterion) => [criterion, own.find((one) => one.criterion === criterion)?.score ?? null]);
      const seconds = own.reduce((sum, one) => sum + one.seconds, 0).toFixed(1);
      return [{ ...pairRow(pair), reader, ...Object.fromEntries(scored), seconds }];
    }),
  );
}

const PREFERRED: Readonly<Record<ReportCriterion, string>> = {
  completeness: 'more complete',
  correctness: 'more correct',
  conciseness: 'more concise',
};

function findingOf(criterion: ReportCriterion, scores: readonly ReportScore[], key: Key): Finding {
  const values = [...scoresOfPairs(scores).values()].map(mean);
  const { mean: found } = scoreSummary(values, foldIn(key, 1));
  return {
    finding: `The reference is found ${PREFERRED[criterion]} than the candidate`,
    paper: 'read by 5 radiologists',
    here: `candidate ${found.value.toFixed(2)} (${found.low.toFixed(2)} to ${found.high.toFixed(2)}) of -2 to 2`,
    verdict: isAbove0({ value: -found.value, low: -found.high, high: -found.low }),
  };
}

const DEFINITIONS: Readonly<Record<string, string>> = {
  score:
    'v1: two reports of the same images side by side, blinded, sides drawn by reader; -2 the reference is clearly better, -1 slightly, 0 no difference, 1 the candidate slightly, 2 clearly',
  'mean of all': 'v1: the mean over pairs of the mean over the readers who rated them',
  p: `v1: Wilcoxon's signed-rank test of the scores against 0, zeros left out, normal approximation with correction; none with fewer than ${WILCOXON_ITEMS} scores other than 0`,
};

function notesOf(progress: readonly { readonly reader: string; readonly rated: number; readonly items: number }[]): string[] {
  if (progress.every(({ rated }) => rated === 0))
    return ['No reader has rated yet: roentgen reader-study read FILE --reader NAME opens the page.'];
  return progress
    .filter(({ rated, items }) => rated < items)
    .map(({ reader, rated, items }) => `${reader} has rated ${rated} of ${items} questions; the same command goes on.`);
}
