/** Whether the mark of a view rules what is made. */

import { foldIn } from '../../engine';
import { type ImagePart, imagesOfCodes, type ViewxgenModel, viewxgenWriter } from '../../systems';
import { shareOf, textOf } from '../estimate';
import type { StudyReader } from '../networks/study-reader';
import type { Cell, Finding, ResultTable } from '../result';
import { inHundredths } from '../text-measures';
import type { ViewxgenEvaluationOptions } from './options';

/** From this share on a view's token rules the view. */
const RULES = 0.95;

/** Every kind of view made of studies that have it and of studies that have not, from their reports alone: is it the view that was asked for? */
export async function viewRulings(
  { data, key, signal, onProgress }: ViewxgenEvaluationOptions,
  model: ViewxgenModel,
  parts: readonly ImagePart[][],
  reader: StudyReader,
): Promise<{ readonly table: ResultTable; readonly finding: Finding }> {
  const { studies } = data.test;
  const painter = viewxgenWriter(model);
  const rows: Record<string, Cell>[] = [];
  let [right, all] = [0, 0];
  try {
    const views = [...new Set(studies.flatMap(({ images }) => images.map(({ view }) => view)))].sort();
    for (const [v, view] of views.entries())
      for (const has of [true, false]) {
        const chosen = studies.flatMap(({ images }, i) => (images.some((image) => image.view === view) === has ? [i] : []));
        if (chosen.length === 0) continue;
        onProgress?.('views that were asked for', 2 * v + Number(!has), 2 * views.length);
        const codes = await painter.views(
          chosen.map((i) => ({ report: studies[i]!.report, images: parts[i]!.slice(0, 0) })),
          view,
          { key: foldIn(key, 300 + 2 * v + Number(has)), ...(signal && { signal }) },
        );
        const read = await reader.read(await imagesOfCodes(model, codes));
        const hits = read.views.filter((seen) => seen === view).length;
        right += hits;
        all += chosen.length;
        rows.push({
          view,
          'the study has it': has ? 'yes' : 'no',
          studies: chosen.length,
          'view as asked': inHundredths(shareOf(hits, chosen.length)),
        });
      }
  } finally {
    painter.dispose();
  }
  const share = shareOf(right, all);
  return {
    table: { name: 'viewxgen-rulings', title: 'Views made from the report alone, hundredths', intervals: '95%, Wilson', rows },
    finding: {
      finding: 'The view is the one that was asked for, also where the study lacks it (above 95 in 100)',
      paper: 'said, not measured',
      here: textOf(inHundredths(share), 1),
      verdict: share.low > RULES ? 'repeated' : share.high < RULES ? 'not repeated' : 'undecided',
    },
  };
}
