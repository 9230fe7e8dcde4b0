/** ViewXGen's table at laptop scale: reports from one, two, three views, views from a report and others, beside networks of one task and what is found. */

import { join } from 'node:path';
import { dispose, foldIn, type Key, type Tree } from '../../engine';
import { readRange } from '../../files/internal';
import { type Features, frechetDistance } from '../../metrics';
import {
  autoencoderHash,
  type ChestView,
  fitAutoencoder,
  fitSequence,
  type ImagePart,
  imageCodes,
  imagesOfCodes,
  type LearntPart,
  type ViewStudies,
  type ViewStudyParts,
  type ViewxgenModel,
  type ViewxgenRecipe,
  type ViewxgenWriter,
  viewxgenWriter,
} from '../../systems';
import { loadVq } from '../../vq';
import { aurocOfDraws } from '../classification/auroc-of-draws';
import { bootstrap, bootstrapErrorOfBoth, type Draws, type Estimate, shareOf, textOf } from '../estimate';
import { hashOf } from '../hash-of';
import { type StudyReader, type StudyReadings, studyReader } from '../networks/study-reader';
import { pairedDifference } from '../paired';
import { type Cell, type Finding, isAbove0, type ResultTable } from '../result';
import { estimateOf, type SummedMeasure } from '../summed';
import {
  type ComparedText,
  inHundredths,
  LABEL_DEFINITION,
  labelF1Name,
  labelMeasures,
  WORD_DEFINITIONS,
  wordMeasures,
} from '../text-measures';
import { nearestRows, reportVectors, type Vectors } from './retrieval';
import { type KofN, kOfN, nameOf, studiesOf } from './tasks';

export interface ViewxgenEvaluationOptions {
  readonly recipe: ViewxgenRecipe;
  readonly data: ViewStudyParts;
  readonly key: Key;
  /** Networks are kept here: what was interrupted goes on. */
  readonly out: string;
  /** Of the bootstrap; default 500. */
  readonly draws?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export interface ViewxgenEvaluation {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

const JOINT = 'one network for both';
const TASK_ONLY = 'one network for each';
const RETRIEVED = 'nearest training study';
const TRUE = 'the studies themselves';
const F1 = labelF1Name({ average: 'micro', classes: 14, uncertain: 'positive' });
const BLEU_4 = 'BLEU-4';
/** Of the Fréchet distance, which takes longest. */
const FRECHET_DRAWS = 20;

/** What was written of a row's studies. */
interface Written {
  readonly row: KofN;
  readonly measures: readonly SummedMeasure[];
}

/** What was drawn of a row's studies: their first view. */
interface Drawn {
  readonly row: KofN;
  readonly studies: readonly number[];
  readonly read: StudyReadings;
}

interface Task {
  readonly reports: readonly Written[];
  readonly views: readonly Drawn[];
}

/** @throws the signal's reason where it was raised: networks that are trained stay */
export async function evaluateViewxgen(options: ViewxgenEvaluationOptions): Promise<ViewxgenEvaluation> {
  const { recipe, data, key, draws = 500 } = options;
  const { test } = data;
  const watching = { ...(options.signal && { signal: options.signal }), ...(options.onProgress && { onProgress: options.onProgress }) };
  const reader = await studyReader({ data: data.train, size: recipe.size, ...watching });
  try {
    const real = await reader.read(await readRange(test.pixels, 0, test.pixels.length));
    const { networks, autoencoder } = await networksOf(options);
    const parts = await partsOf(options, networks.both, autoencoder);
    const rows = kOfN(recipe.network.images).filter((row) => studiesOf(test.studies, row).length > 1);
    try {
      const joint = await generated(options, { writes: networks.both, draws: networks.both, parts, reader, rows });
      const apart = await generated(options, { writes: networks.text, draws: networks.image, parts, reader, rows });
      const found = await retrieved(options, reader, rows);
      const truth: Task = { reports: [], views: rows.map((row) => trueViews(test, row, real)) };
      const bench: Bench = { test, real, findings: reader.findings, draws: { key: foldIn(key, 9), draws } };
      const rulings = await viewRulings(options, networks.both, parts, reader);
      return {
        tables: [reportTable([joint, apart, found], bench), await viewTable([joint, apart, found, truth], bench), rulings.table],
        findings: [rulings.finding, ...findingsOf(joint, apart, bench)],
        definitions: {
          ...WORD_DEFINITIONS,
          'F1 of labels': LABEL_DEFINITION,
          FID: `Fréchet distance between views that were made and the studies' own first views; features: the last maps' means of ${reader.definition}`,
          AUROC: `mean over findings that some of the studies have and some not, of what the same network reads in the views that were made; its findings: ${reader.findings.join(', ')}`,
        },
        notes: [
          '"k of n": studies with n views. A report is written from the first k; the first view is made from the report and the first k - 1 of the others.',
          'One training of each network: intervals are over studies, not over seeds.',
          `Reports of at most ${recipe.network.text_length - 1} tokens; both sides in small letters.`,
        ],
      };
    } finally {
      for (const { params, vq } of Object.values(networks)) dispose(params as Tree, vq.params as Tree);
    }
  } finally {
    reader.dispose();
  }
}

/** The network of both tasks and those of one, on one autoencoder: trained, or as they are there. */
async function networksOf(
  options: ViewxgenEvaluationOptions,
): Promise<{ readonly networks: Record<LearntPart, ViewxgenModel>; readonly autoencoder: string }> {
  const { recipe, data, key, out, signal, onProgress } = options;
  const identityOf = (what: unknown): string =>
    hashOf(JSON.stringify([what, key, data.train.studies, data.train.pixels.identity])).slice(0, 16);
  const ofVq = identityOf([recipe.size, recipe.autoencoder]);
  const vqFolder = join(out, 'networks', ofVq);
  const fitOptions = (own: ViewxgenRecipe, folder: string, name: string) => ({
    recipe: own,
    data: data.train,
    key,
    ...(signal && { signal }),
    watch: () => ({
      onStep: ({ step, steps }: { step: number; steps: number }) => onProgress?.(`training of ${name}`, step, steps),
      checkpoints: { folder: join(folder, 'checkpoints'), identity: folder, resume: 'always', every: recipe.run.checkpoint_every } as const,
    }),
    onProgress: (done: number, total: number) => onProgress?.('codes of images', done, total),
  });
  dispose((await fitAutoencoder(fitOptions(recipe, vqFolder, 'the autoencoder'), vqFolder)).params as Tree);
  const autoencoder = await autoencoderHash(vqFolder);
  const made: Partial<Record<LearntPart, ViewxgenModel>> = {};
  try {
    for (const learns of ['both', 'text', 'image'] as const) {
      const own = { ...recipe, learns };
      const folder = join(out, 'networks', identityOf([own, ofVq]));
      const name = { both: JOINT, text: 'a network of reports alone', image: 'a network of views alone' }[learns];
      made[learns] = await fitSequence(fitOptions(own, folder, name), { folder, vq: await loadVq(vqFolder), autoencoder });
    }
    return { networks: made as Record<LearntPart, ViewxgenModel>, autoencoder };
  } catch (error) {
    for (const model of Object.values(made)) dispose(model.params as Tree, model.vq.params as Tree);
    throw error;
  }
}

/** The test studies as the networks see them. */
async function partsOf(
  { recipe, data, signal }: ViewxgenEvaluationOptions,
  { vq }: ViewxgenModel,
  autoencoder: string,
): Promise<ImagePart[][]> {
  const codes = await imageCodes(vq, data.test, { size: recipe.size, autoencoder, ...(signal && { signal }) });
  const places = codes.length / data.test.pixels.length;
  return data.test.studies.map(({ images }) =>
    images.map(({ view, row }): ImagePart => ({ kind: 'image', view, codes: codes.subarray(row * places, (row + 1) * places) })),
  );
}

interface Generating {
  readonly writes: ViewxgenModel;
  readonly draws: ViewxgenModel;
  readonly parts: readonly ImagePart[][];
  readonly reader: StudyReader;
  readonly rows: readonly KofN[];
}

/** Reports and views of all rows, by two networks or one. */
async function generated(options: ViewxgenEvaluationOptions, { writes, draws, parts, reader, rows }: Generating): Promise<Task> {
  const { data, key, signal, onProgress } = options;
  const { studies } = data.test;
  const [writer, painter] = [viewxgenWriter(writes), viewxgenWriter(draws)];
  const reports: Written[] = [];
  const views: Drawn[] = [];
  try {
    for (const [r, row] of rows.entries()) {
      const chosen = studiesOf(studies, row);
      onProgress?.(`reports and views of ${writes === draws ? JOINT : TASK_ONLY}`, r, rows.length);
      const texts = await writer.reports(
        chosen.map((i) => ({ images: parts[i]!.slice(0, row.k) })),
        { key: foldIn(key, 100 + r), ...(signal && { signal }) },
      );
      const pairs = chosen.map((i, at) => ({ candidate: texts[at]!, reference: studies[i]!.report }));
      reports.push(written(row, pairs));
      const codes = await firstViews(painter, chosen, { row, parts, options, key: foldIn(key, 200 + r) });
      views.push({ row, studies: chosen, read: await reader.read(await imagesOfCodes(draws, codes)) });
    }
    return { reports, views };
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

const written = (row: KofN, pairs: readonly ComparedText[]): Written => ({
  row,
  measures: [...wordMeasures(pairs), ...labelMeasures(pairs)],
});

/** Reports of the training studies whose first view is like the study's, and views of those whose report is like its. */
async function retrieved({ data, recipe }: ViewxgenEvaluationOptions, reader: StudyReader, rows: readonly KofN[]): Promise<Task> {
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
  return { reports, views };
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

/** What tables are made with. */
interface Bench {
  readonly test: ViewStudies;
  /** Of all test images, by their rows. */
  readonly real: StudyReadings;
  readonly findings: readonly string[];
  readonly draws: Draws;
}

const SOURCES = [JOINT, TASK_ONLY, RETRIEVED] as const;

function reportTable(tasks: readonly Task[], { test, draws }: Bench): ResultTable {
  return {
    name: 'viewxgen-reports',
    title: 'Reports from the first k of n views, hundredths',
    intervals: `95% bootstrap over studies, ${draws.draws} draws`,
    rows: tasks.flatMap(({ reports }, t) =>
      reports.map(({ row, measures }) => ({
        by: SOURCES[t]!,
        'k of n': nameOf(row),
        studies: studiesOf(test.studies, row).length,
        ...Object.fromEntries(
          ['BLEU-1', 'BLEU-2', 'BLEU-3', BLEU_4, 'ROUGE-L', F1].map((name) => [
            name,
            inHundredths(estimateOf(measureOf(measures, name), draws)),
          ]),
        ),
      })),
    ),
  };
}

const measureOf = (measures: readonly SummedMeasure[], name: string): SummedMeasure => measures.find((measure) => measure.name === name)!;

/** The studies' own first views, as the same table has them. */
function trueViews(test: ViewStudies, row: KofN, real: StudyReadings): Drawn {
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

async function viewTable(tasks: readonly Task[], bench: Bench): Promise<ResultTable> {
  const { test, real, draws } = bench;
  const rows: Record<string, Cell>[] = [];
  for (const [t, { views }] of tasks.entries())
    for (const { row, studies, read } of views) {
      const own = trueViews(test, row, real).read;
      const isRight = studies.map((i, at) => Number(read.views[at] === test.studies[i]!.images[0]!.view));
      rows.push({
        by: [...SOURCES, TRUE][t]!,
        'k of n': nameOf(row),
        studies: studies.length,
        FID: t < SOURCES.length ? await frechet(read, own, studies.length, draws) : null,
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
function meanAuroc(
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

/** Every kind of view made of studies that have it and of studies that have not, from their reports alone: is it the view that was asked for? */
async function viewRulings(
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

/** From this share on a view's token rules the view. */
const RULES = 0.95;

function findingsOf(joint: Task, apart: Task, bench: Bench): Finding[] {
  const { draws } = bench;
  const report = ({ reports }: Task, name: string): Written | undefined => reports.find(({ row }) => nameOf(row) === name);
  const view = ({ views }: Task, name: string): Drawn | undefined => views.find(({ row }) => nameOf(row) === name);
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
  ];
}
