import { foldIn, type Key } from '../../engine';
import { type ImagePart, imagesOfCodes, type ViewxgenModel, type ViewxgenWriter, viewxgenWriter } from '../../systems';
import type { StudyReader } from '../networks/study-reader';
import { JOINT, TASK_ONLY, type ViewxgenEvaluationOptions } from './options';
import { type Drawn, type KofN, studiesOf, type Task, type Written, written } from './tasks';

export interface Generating {
  readonly writes: ViewxgenModel;
  readonly draws: ViewxgenModel;
  readonly parts: readonly ImagePart[][];
  readonly reader: StudyReader;
  readonly rows: readonly KofN[];
}

/** Reports and views of all rows, by two networks or one. */
export async function generated(options: ViewxgenEvaluationOptions, { writes, draws, parts, reader, rows }: Generating): Promise<Task> {
  const { data, key, signal, onProgress } = options;
  const { studies } = data.test;
  const by = writes === draws ? JOINT : TASK_ONLY;
  const [writer, painter] = [viewxgenWriter(writes), viewxgenWriter(draws)];
  const reports: Written[] = [];
  const views: Drawn[] = [];
  try {
    for (const [r, row] of rows.entries()) {
      const chosen = studiesOf(studies, row);
      onProgress?.(`reports and views of ${by}`, r, rows.length);
      const texts = await writer.reports(
        chosen.map((i) => ({ images: parts[i]!.slice(0, row.k) })),
        { key: foldIn(key, 100 + r), ...(signal && { signal }) },
      );
      const pairs = chosen.map((i, at) => ({ candidate: texts[at]!, reference: studies[i]!.report }));
      reports.push(written(row, pairs));
      const codes = await firstViews(painter, chosen, { row, parts, options, key: foldIn(key, 200 + r) });
      views.push({ row, studies: chosen, read: await reader.read(await imagesOfCodes(draws, codes)) });
    }
    return { by, reports, views };
  } finally {
    writer.dispose();
    painter.dispose();
  }
}

/** The first view of each study from its report and k - 1 of the others, view by view, as a call makes one. */
async function firstViews(
  painter: ViewxgenWriter,
  chosen: readonly number[],
  given: {
    readonly row: KofN;
    readonly parts: readonly ImagePart[][];
    readonly options: ViewxgenEvaluationOptions;
    readonly key: Key;
  },
): Promise<Int32Array[]> {
  const { row, parts, options, key } = given;
  const { studies } = options.data.test;
  const out: Int32Array[] = new Array(chosen.length);
  const wanted = [...new Set(chosen.map((i) => studies[i]!.images[0]!.view))];
  for (const [v, view] of wanted.entries()) {
    const places = chosen.flatMap((i, at) => (studies[i]!.images[0]!.view === view ? [at] : []));
    const codes = await painter.views(
      places.map((at) => ({ report: studies[chosen[at]!]!.report, images: parts[chosen[at]!]!.slice(1, row.k) })),
      view,
      { key: foldIn(key, v), ...(options.signal && { signal: options.signal }) },
    );
    places.forEach((at, i) => {
      out[at] = codes[i]!;
    });
  }
  return out;
}
