import type { ChestView, ViewStudies } from '../../systems';
import type { StudyReader } from '../networks/study-reader';
import { RETRIEVED, type ViewxgenEvaluationOptions } from './options';
import { nearestRows, reportVectors, type Vectors } from './retrieval';
import { type Drawn, type KofN, studiesOf, type Task, type Written, written } from './tasks';

/** Reports of the training studies whose first view is like the study's, and views of those whose report is like its. */
export async function retrieved({ data, recipe }: ViewxgenEvaluationOptions, reader: StudyReader, rows: readonly KofN[]): Promise<Task> {
  const { train, test } = data;
  const first = async ({ studies, pixels }: ViewStudies): Promise<Float32Array> =>
    pixels.read(Int32Array.from(studies, ({ images }) => images[0]!.row));
  const [seen, asked] = [await reader.read(await first(train)), await reader.read(await first(test))];
  const width = seen.features.length / train.studies.length;
  const byImage = nearestRows({ values: asked.features, width }, { values: seen.features, width });
  const words = reportVectors(train.studies.map(({ report }) => report));
  const likeReport = viewsLikeReports(train, words);
  const area = recipe.size ** 2;
  const reports: Written[] = [];
  const views: Drawn[] = [];
  for (const row of rows) {
    const chosen = studiesOf(test.studies, row);
    const pairs = chosen.map((i) => ({ candidate: train.studies[byImage[i]!]!.report, reference: test.studies[i]!.report }));
    reports.push(written(row, pairs));
    const pixels = new Float32Array(chosen.length * area);
    for (const [at, i] of chosen.entries()) {
      const { images, report } = test.studies[i]!;
      pixels.set(await train.pixels.read(Int32Array.of(likeReport(images[0]!.view, report))), at * area);
    }
    views.push({ row, studies: chosen, read: await reader.read(pixels) });
  }
  return { by: RETRIEVED, reports, views };
}

/** The row of the training image of a view whose report is nearest to another one. */
function viewsLikeReports({ studies }: ViewStudies, words: ReturnType<typeof reportVectors>): (view: ChestView, report: string) => number {
  const { values, width } = words.vectors;
  const known = new Map<ChestView, { readonly rows: readonly number[]; readonly vectors: Vectors }>();
  const candidatesOf = (view: ChestView) => {
    const of = studies.flatMap(({ images }, s) => images.flatMap((image) => (image.view === view ? [{ s, row: image.row }] : [])));
    const vectors = new Float32Array(of.length * width);
    of.forEach(({ s }, i) => {
      vectors.set(values.subarray(s * width, (s + 1) * width), i * width);
    });
    return { rows: of.map(({ row }) => row), vectors: { values: vectors, width } };
  };
  return (view, report) => {
    const candidates = known.get(view) ?? candidatesOf(view);
    known.set(view, candidates);
    return candidates.rows[nearestRows(words.of([report]), candidates.vectors)[0]!]!;
  };
}
