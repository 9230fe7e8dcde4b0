/** Tables of reports and of views. */

import { foldIn } from '../../engine';
import { type Features, frechetDistance } from '../../metrics';
import type { ViewStudies } from '../../systems';
import { aurocOfDraws } from '../classification/auroc-of-draws';
import { bootstrap, bootstrapErrorOfBoth, type Draws, type Estimate, shareOf } from '../estimate';
import type { StudyReadings } from '../networks/study-reader';
import type { Cell, ResultTable } from '../result';
import { estimateOf } from '../summed';
import { inHundredths } from '../text-measures';
import { TRUE } from './options';
import { type Drawn, F1, type KofN, measureOf, nameOf, studiesOf, type Task } from './tasks';

/** What tables are made with. */
export interface Bench {
  readonly test: ViewStudies;
  /** Of all test images, by their rows. */
  readonly real: StudyReadings;
  readonly findings: readonly string[];
  readonly draws: Draws;
}

/** Of the Fréchet distance, which takes longest. */
const FRECHET_DRAWS = 20;

export function reportTable(tasks: readonly Task[], { test, draws }: Bench): ResultTable {
  return {
    name: 'viewxgen-reports',
    title: 'Reports from the first k of n views, hundredths',
    intervals: `95% bootstrap over studies, ${draws.draws} draws`,
    rows: tasks.flatMap(({ by, reports }) =>
      reports.map(({ row, measures }) => ({
        by,
        'k of n': nameOf(row),
        studies: studiesOf(test.studies, row).length,
        ...Object.fromEntries(
          ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', F1].map((name) => [
            name,
            inHundredths(estimateOf(measureOf(measures, name), draws)),
          ]),
        ),
      })),
    ),
  };
}

/** The studies' own first views, as the same table has them. */
export function trueViews(test: ViewStudies, row: KofN, real: StudyReadings): Drawn {
  const studies = studiesOf(test.studies, row);
  return { row, studies, read: readingsOf(real, studies.map((i) => test.studies[i]!.images[0]!.row), test.pixels.length) }; // biome-ignore format: one line
}

/** Readings of some images, by their rows among `count`. */
function readingsOf({ presence, views, features }: StudyReadings, rows: readonly number[], count: number): StudyReadings {
  const some = (values: Float32Array): Float32Array => {
    const width = values.length / count;
    return Float32Array.from(rows.flatMap((row) => Array.from(values.subarray(row * width, (row + 1) * width))));
  };
  return { presence: some(presence), views: rows.map((row) => views[row]!), features: some(features) };
}

export async function viewTable(tasks: readonly Task[], bench: Bench): Promise<ResultTable> {
  const { test, real, draws } = bench;
  const rows: Record<string, Cell>[] = [];
  for (const { by, views } of tasks)
    for (const { row, studies, read } of views) {
      const own = trueViews(test, row, real).read;
      const isRight = studies.map((i, at) => Number(read.views[at] === test.studies[i]!.images[0]!.view));
      rows.push({
        by,
        'k of n': nameOf(row),
        studies: studies.length,
        FID: by !== TRUE ? await frechet(read, own, studies.length, draws) : null,
        AUROC: meanAuroc(bench, { row, studies, read }).estimate,
        'view as asked': inHundredths(
          shareOf(
            isRight.reduce((a, b) => a + b, 0),
            studies.length,
          ),
        ),
      });
    }
  return {
    name: 'viewxgen-views',
    title: 'The first view of studies, made from the report and k - 1 others',
    intervals: `95%: FID by 1.96 standard deviations of ${FRECHET_DRAWS} draws, AUROC by bootstrap over studies, ${draws.draws} draws, shares by Wilson`,
    rows,
  };
}

function frechet(made: StudyReadings, own: StudyReadings, n: number, { key }: Draws): Promise<Estimate> {
  const columns = own.features.length / n;
  const features = (values: Float32Array, rows: Int32Array): Features => {
    const out = new Float32Array(rows.length * columns);
    rows.forEach((row, i) => {
      out.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
    });
    return { values: out, rows: rows.length, columns };
  };
  return bootstrapErrorOfBoth([n, n], (a, b) => frechetDistance(features(made.features, a), features(own.features, b)), {
    key: foldIn(key, 1),
    draws: FRECHET_DRAWS,
  });
}

/** The mean AUROC of findings, and the statistic that it is of studies by their places in the row. */
export function meanAuroc(
  { test, findings, draws }: Bench,
  { studies, read }: Drawn,
): { readonly estimate: Estimate; readonly of: (rows: Int32Array) => number } {
  const each = findings.map((finding, f) =>
    aurocOfDraws(
      studies.map((_, at) => read.presence[at * findings.length + f]!),
      studies.map((i) => test.studies[i]!.labels[finding] ?? -1),
    ),
  );
  const of = (rows: Int32Array): number => {
    const values = each.map((auroc) => auroc(rows)).filter(Number.isFinite);
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  return { estimate: bootstrap(studies.length, of, draws), of };
}
