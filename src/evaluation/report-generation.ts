/** Table 4, report generation: a network trained on real images reads generated ones, and what it writes is measured against the prompts. */

import { imageGrid } from '../display';
import { foldIn } from '../engine';
import { readRange } from '../files/internal';
import type { Bench } from './bench';
import { captionOf, reportCaptionOf } from './captions';
import { type BootstrapOptions, type Estimate, textOf } from './estimate';
import { generatedImages, type ImageSet, realImages } from './image-set';
import { type BertScorer, openBertScorer } from './networks/bert-scorer';
import { type ReportWriter, reportWriter, type WritingOptions } from './networks/kept-report-generator';
import { FACT_ENT, openRadGraphScorer, RADGRAPH, RADGRAPH_OTHERS, type RadGraphScorer } from './networks/radgraph-scorer';
import { paperTableFour } from './paper';
import type { EvaluationResult, Finding, ResultFigure, ResultTable } from './result';
import { estimateOf, type SummedMeasure } from './summed';
import {
  absentClasses,
  bertMeasure,
  type ComparedText,
  inHundredths,
  LABEL_DEFINITION,
  LABEL_F1,
  labelF1Name,
  labelMeasures,
  PAPER_F1,
  WORD_DEFINITIONS,
  wordMeasures,
} from './text-measures';

export interface ReportGenerationOptions extends Partial<WritingOptions> {
  /** Of the bootstrap; default 1000. */
  readonly draws?: number;
}

/** How the reports of one set of images do. */
export interface ReportScores {
  /** `real`, a model's name, or what chance gives: real images with the reports of other patients. */
  readonly images: string;
  readonly kind: 'real' | 'chance' | 'model';
  readonly reports: number;
  /** Different ones among them: a network that always writes the same is seen here. */
  readonly distinct: number;
  /** By name: fractions, but CIDEr from 0 to 10 and perplexity from 1. No perplexity of chance. */
  readonly measures: Readonly<Record<string, Estimate>>;
}

export interface ReportGenerationResult extends EvaluationResult {
  readonly rows: readonly ReportScores[];
}

/** The child of the bench's key for the bootstrap. */
const KEY = 62;
const PERPLEXITY = 'perplexity';
/** Fewer reports than this are said to be few. */
const FEW = 50;
/** Examples shown, and models at most beside them. */
const SHOWN = { records: 3, models: 4 };

/** @throws RangeError where there are fewer than two prompts; the signal's reason where it was raised */
export async function evaluateReportGeneration(bench: Bench, options: ReportGenerationOptions = {}): Promise<ReportGenerationResult> {
  const { beams = bench.quick ? 1 : 4, blockedNgram = 6, draws = 1000 } = options;
  const references = bench.records.map(({ text }) => text);
  if (references.length < 2) throw new RangeError(`report generation: expected two prompts at least, got ${references.length}`);
  const sets = [await realImages(bench, 'test')];
  for (const model of bench.models) sets.push(await generatedImages(bench, model));
  const bert = bench.networks.bert === undefined ? undefined : await openBertScorer(bench.networks.bert);
  let radGraph: RadGraphScorer | undefined;
  let writer: ReportWriter | undefined;
  try {
    radGraph = bench.networks.radgraph === undefined ? undefined : await openRadGraphScorer(bench.networks.radgraph);
    writer = await reportWriter(bench);
    const scored = { writer, bert, radGraph, references, bootstrap: { key: foldIn(bench.key, KEY), draws }, signal: bench.signal };
    const written: string[][] = [];
    const rows: ReportScores[] = [];
    for (const [i, set] of sets.entries()) {
      const progress = (done: number, total: number): void => bench.progress(`reports of ${set.name}`, done, total);
      written.push(await writer.write(set.pixels, { beams, blockedNgram }, progress));
      rows.push(await scoresOf(set, written[i]!, i === 0 ? 'real' : 'model', scored));
    }
    const others = written[0]!.map((_, i, all) => all[(i + Math.floor(all.length / 2)) % all.length]!);
    rows.push(await scoresOf({ ...sets[0]!, name: 'reports of other patients (chance)' }, others, 'chance', scored));
    return {
      evaluation: 'report-generation',
      title: 'Report generation: what a report generator reads in the images',
      paper: 'Table 4, section 6.2',
      rows,
      tables: tablesOf(rows, draws),
      figures: await figuresOf(bench, sets, written),
      definitions: {
        'report generator': `${writer.definition}; ${beams === 1 ? 'the likeliest token at each step' : `${beams} beams`}, no run of ${blockedNgram} tokens twice`,
        ...WORD_DEFINITIONS,
        ...(bert && { BERTScore: bert.definition }),
        ...radGraph?.definitions,
        'F1 of labels': LABEL_DEFINITION,
        [PERPLEXITY]:
          'exponential of the mean negative log-likelihood of the reference text given the image, over tokens of the generator, the end with them; v1',
      },
      notes: notesOf(bench, references, rows),
      findings: rows.filter(({ kind }) => kind === 'model').map((row) => findingOf(rows, row)),
    };
  } finally {
    writer?.dispose();
    bert?.dispose();
    radGraph?.dispose();
  }
}

interface Scoring {
  readonly writer: ReportWriter;
  readonly bert: BertScorer | undefined;
  readonly radGraph: RadGraphScorer | undefined;
  readonly references: readonly string[];
  readonly bootstrap: BootstrapOptions;
  readonly signal: AbortSignal | undefined;
}

async function scoresOf(
  { name, pixels }: Pick<ImageSet, 'name' | 'pixels'>,
  written: readonly string[],
  kind: ReportScores['kind'],
  { writer, bert, radGraph, references, bootstrap, signal }: Scoring,
): Promise<ReportScores> {
  const texts = written.map((candidate, i): ComparedText => ({ candidate, reference: references[i]! }));
  const measures: SummedMeasure[] = [...wordMeasures(texts), ...labelMeasures(texts)];
  if (bert) measures.push(bertMeasure(await bert.score(written, references, signal)));
  if (radGraph) measures.push(...(await radGraph.measures(texts, signal)));
  if (kind !== 'chance') {
    const { nats, tokens } = await writer.surprise(pixels, references);
    const rows = Array.from(nats, (value, i) => [value, tokens[i]!]);
    measures.push({ name: PERPLEXITY, rows, value: ([sum, count]) => Math.exp(sum! / count!) });
  }
  return {
    images: name,
    kind,
    reports: written.length,
    distinct: new Set(written).size,
    measures: Object.fromEntries(measures.map((measure) => [measure.name, estimateOf(measure, bootstrap)])),
  };
}

function tablesOf(rows: readonly ReportScores[], draws: number): ResultTable[] {
  const intervals = `95% bootstrap over reports, ${draws} draws`;
  const words = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', 'METEOR', 'BERTScore', labelF1Name(PAPER_F1), FACT_ENT, RADGRAPH];
  const others = rows.some(({ measures }) => measures[RADGRAPH]);
  const named = (row: ReportScores, names: readonly string[], shown: (estimate: Estimate) => Estimate): Record<string, Estimate> =>
    Object.fromEntries(names.flatMap((name) => (row.measures[name] ? [[name, shown(row.measures[name])]] : [])));
  return [
    {
      name: 'report-generation',
      title: 'Reports of the images against their prompts: hundredths, but CIDEr (0 to 10) and perplexity (of the prompt, lower is better)',
      intervals,
      rows: rows.map((row) => ({
        images: row.images,
        reports: row.reports,
        'distinct reports': row.distinct,
        ...named(row, words, inHundredths),
        ...named(row, ['CIDEr', PERPLEXITY], (estimate) => estimate),
      })),
    },
    {
      name: 'report-generation-labels',
      title: 'F1 of labels in the reports: averages, classes and uncertain mentions, hundredths',
      intervals,
      rows: rows.map((row) => ({ images: row.images, ...named(row, LABEL_F1.map(labelF1Name), inHundredths) })),
    },
    ...(others
      ? [
          {
            name: 'report-generation-radgraph',
            title:
              "RadGraph's rewards of the reports: of entities (simple), whether they have relations (partial, the paper's), and of relations (complete), hundredths",
            intervals,
            rows: rows.map((row) => ({
              images: row.images,
              ...named(row, [RADGRAPH_OTHERS[0], RADGRAPH, RADGRAPH_OTHERS[1]], inHundredths),
            })),
          },
        ]
      : []),
    paperTableFour('report generation'),
  ];
}

/** A few images beside what is read in them. */
async function figuresOf(bench: Bench, sets: readonly ImageSet[], written: readonly (readonly string[])[]): Promise<ResultFigure[]> {
  const references = bench.records.map(({ text }) => text);
  const shown = sets.slice(0, 1 + SHOWN.models);
  const records = references.flatMap((text, i) => (references.indexOf(text) === i ? [i] : [])).slice(0, SHOWN.records);
  const images: Float32Array[] = [];
  const [labels, captions]: [string[], string[]] = [[], []];
  for (const record of records)
    for (const [s, { name, pixels }] of shown.entries()) {
      images.push(await readRange(pixels, record, record + 1));
      labels.push(name);
      captions.push(
        `${s === 0 ? `asked: ${captionOf(bench, bench.records[record]!, record)} – ` : ''}read: ${reportCaptionOf(bench, written[s]![record]!)}`,
      );
    }
  const grid = imageGrid(images, captions, { columns: shown.length, labels, synthetic: true });
  return [
    {
      name: 'report-examples',
      caption:
        'The first prompts: the real image with the prompt and the report written for it, then images made of the prompt with theirs.',
      figure: grid,
    },
  ];
}

function notesOf({ quick, networks }: Bench, references: readonly string[], rows: readonly ReportScores[]): string[] {
  const absent = absentClasses(references);
  const same = rows.filter(({ kind, distinct, reports }) => kind !== 'chance' && distinct === 1 && reports > 1);
  return [
    'The report generator was trained on the training part at hand: figures compare sets of images with one another and with real ones, not with the paper.',
    ...(absent.length > 0
      ? [
          `No reference speaks of ${absent.join(', ')}: F1 macro counts ${absent.length === 1 ? 'it' : 'them'} as 0, so that it cannot reach 100.`,
        ]
      : []),
    ...(networks.bert === undefined ? ['BERTScore is left out: no encoder was given for it.'] : []),
    ...(networks.radgraph === undefined
      ? [
          'F1 of entities and relations (fact_ENT and RadGraph) is left out: no network was given for it (--radgraph; "roentgen radgraph train" makes one).',
        ]
      : []),
    'fact_ENTNLI is left out: it needs a published network of inference between sentences, which is not at hand.',
    ...(references.length < FEW
      ? [`${references.length} reports are few: intervals are wide, and BLEU and CIDEr depend on which they are.`]
      : []),
    ...(sees(rows)
      ? []
      : [
          'Reports of real images have no more of the right labels than those of other patients: on these data the generator is blind, and its figures judge no model.',
        ]),
    ...same.map(({ images }) => `The generator writes one and the same report for all images of ${images}.`),
    ...(quick ? ['Quick: a smaller generator, trained for fewer steps, that takes the likeliest token.'] : []),
  ];
}

/** Whether reports of real images have more of their labels than those of other patients, of all classes. */
function sees(rows: readonly ReportScores[]): boolean {
  const name = labelF1Name({ ...PAPER_F1, classes: 14 });
  const [real, chance] = (['real', 'chance'] as const).map((kind) => rows.find((row) => row.kind === kind)!.measures[name]!);
  return real!.low > chance!.high;
}

function findingOf(rows: readonly ReportScores[], model: ReportScores): Finding {
  const name = labelF1Name(PAPER_F1);
  const real = rows[0]!;
  const [a, b] = [real.measures[name]!, model.measures[name]!];
  const said = (estimate: Estimate): string => textOf(inHundredths(estimate), 1);
  return {
    finding: `Reports of generated images have fewer of the asked labels than those of real images (${model.images})`,
    paper: `${labelF1Name(PAPER_F1)}: 46.5 against 50.4 (5e-5, 60k steps)`,
    here: `${said(b)} against ${said(a)}`,
    verdict: !sees(rows) ? 'undecided' : b.high < a.low ? 'repeated' : b.low > a.high ? 'not repeated' : 'undecided',
  };
}
