import { bootstrap, textOf } from '../estimate';
import { pairedDifference } from '../paired';
import { type Finding, isAbove0 } from '../result';
import { inHundredths } from '../text-measures';
import { type Bench, meanAuroc } from './tables';
import { type Drawn, F1, measureOf, nameOf, type Task, type Written } from './tasks';

/** Whose results are compared. */
export interface Compared {
  readonly joint: Task;
  readonly apart: Task;
  readonly drawn?: Task | undefined;
}

export function findingsOf({ joint, apart, drawn }: Compared, bench: Bench): Finding[] {
  const { draws } = bench;
  const report = ({ reports }: Task, name: string): Written | undefined => reports.find(({ row }) => nameOf(row) === name);
  const view = (task: Task | undefined, name: string): Drawn | undefined => task?.views.find(({ row }) => nameOf(row) === name);
  const ofReports = (finding: string, paper: string, a?: Written, b?: Written): Finding[] => {
    if (!a || !b) return [];
    const { difference, p } = pairedDifference(measureOf(a.measures, F1), measureOf(b.measures, F1), draws);
    return [{ finding, paper, here: `${textOf(inHundredths(difference), 1)} (p = ${p.toPrecision(2)})`, verdict: isAbove0(difference) }];
  };
  const ofViews = (finding: string, paper: string, a?: Drawn, b?: Drawn): Finding[] => {
    if (!a || !b) return [];
    const [one, other] = [meanAuroc(bench, a).of, meanAuroc(bench, b).of];
    const difference = bootstrap(a.studies.length, (rows) => one(rows) - other(rows), draws);
    return [{ finding, paper, here: textOf(inHundredths(difference), 1), verdict: isAbove0(difference) }];
  };
  const PAPER_VIEWS = 'FID 16.97 to 9.19 with a second view';
  return [
    ...ofReports(
      'A second view helps the report (F1 of 14 labels, 2 of 2 less 1 of 2)',
      'BLEU-4 .056 and .056',
      report(joint, '2 of 2'),
      report(joint, '1 of 2'),
    ),
    ...ofReports(
      'Three views help the report (3 of 3 less 1 of 3)',
      'BLEU-4 .054 to .063',
      report(joint, '3 of 3'),
      report(joint, '1 of 3'),
    ),
    ...ofViews(
      'Another view keeps findings better (AUROC, 2 of 2 less 1 of 2, hundredths)',
      PAPER_VIEWS,
      view(joint, '2 of 2'),
      view(joint, '1 of 2'),
    ),
    ...ofViews(
      'Two other views keep findings better (3 of 3 less 1 of 3)',
      'FID 21.15 to 12.68',
      view(joint, '3 of 3'),
      view(joint, '1 of 3'),
    ),
    ...ofReports('One network for both writes better reports (1 of 1, F1)', 'said', report(joint, '1 of 1'), report(apart, '1 of 1')),
    ...ofViews('One network for both draws better views (1 of 1, AUROC, hundredths)', 'said', view(joint, '1 of 1'), view(apart, '1 of 1')),
    ...ofViews(
      'It keeps findings better than a latent diffusion model (1 of 1, AUROC, hundredths)',
      'said',
      view(joint, '1 of 1'),
      view(drawn, '1 of 1'),
    ),
  ];
}
