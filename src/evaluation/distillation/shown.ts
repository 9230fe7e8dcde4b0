/** Tables, figures and findings of what a text encoder has learnt. */

import { dotFigure, type Figure, figure, type LineSeries, lineFigure } from '../../display';
import { principalComponents, project, type Representation } from '../../probes';
import type { Bench } from '../bench';
import { type Estimate, textOf } from '../estimate';
import { paperTable, readPaperTable } from '../paper';
import type { Finding, ResultFigure, ResultTable } from '../result';
import type { ChangeRow, DistillationResult, ProbeRow, Seen } from './rows';
import type { ProbeTexts } from './texts';

type Rows = Pick<DistillationResult, 'probes' | 'alignment' | 'movement' | 'changes' | 'references'>;

interface Made {
  readonly corpus: ProbeTexts;
  readonly notes: readonly string[];
  readonly seeds: number;
  readonly draws: number;
  /** Test texts of one division. */
  readonly test: number;
}

export function showDistillation(bench: Bench, seen: readonly Seen[], rows: Rows, made: Made): DistillationResult {
  const { corpus, seeds, draws, test } = made;
  const last = seen[0]!.layers.at(-1)!.name;
  const intervals = `1.96 bootstrap deviations over texts, ${draws} draws; "over seeds" is Student's 95% over ${seeds} divisions of the patients`;
  return {
    evaluation: 'distillation',
    title: 'What fine-tuning distils into the text encoder',
    paper: 'Table 6',
    ...rows,
    tables: [...tablesOf(rows, last, intervals, draws), paperRows()],
    figures: figuresOf(bench, seen, rows, `1.96 bootstrap deviations over texts, ${draws} draws`),
    findings: findingsOf(rows.changes),
    definitions: {
      probe: `v1: logistic regression with L2 penalty |w|²/2C, C = 0.1, classes balanced, on a layer's states averaged over the text's tokens beside the state of its last token, each column of mean 0 and deviation 1 over the training texts; present where p > 0.5. ${seeds} divisions of the patients into halves to learn from and to test on (${corpus.texts.length} texts, about ${test} to test on).`,
      texts: `v1: ${corpus.definition}`,
      f1: 'v1: 100 · 2 TP / (2 TP + FP + FN), mean over the divisions; macro is the mean over findings.',
      words: 'v1: the same probe on the counts of the first model\'s tokens in place of states; "always" says "present" of every text.',
      cka: 'v1: linear centred kernel alignment (Kornblith et al. 2019) of a layer with the same layer of the first model, over at most 200 of the texts.',
      movement:
        'v1: cosine, and |now - before| / |before|, of the mean of each text\'s context before and now, averaged over texts: of "radiographs" the probes\' own texts, of "general" captions of the small world.',
    },
    notes: [
      ...made.notes,
      'The paper does not publish its probe (F1 of the text encoder on impressions after arXiv:2210.04133): its numbers and these are not on one scale. Its macro is over more labels than the three it prints.',
    ],
  };
}

const at = ({ model, step }: Pick<ProbeRow, 'model' | 'step'>): { model: string; step?: number } => ({
  model,
  ...(step !== undefined && { step }),
});

function tablesOf(rows: Rows, last: string, intervals: string, draws: number): ResultTable[] {
  const { probes, alignment, movement, changes, references } = rows;
  const atLast = probes.filter(({ layer }) => layer === last);
  const findings = [...new Set(atLast.map(({ finding }) => finding))];
  const models = [...new Set(atLast.map(({ model }) => model))];
  const table6 = models.map((model) => {
    const own = atLast.filter((row) => row.model === model);
    const cells = Object.fromEntries(own.map(({ finding, f1 }) => [finding, f1]));
    return { ...at(own[0]!), ...cells, 'macro, over seeds': own.find(({ finding }) => finding === 'macro')!.f1Seeds };
  });
  const reference = (
    model: string,
    of: (row: Rows['references'][number]) => Estimate | number,
  ): Record<string, Estimate | number | string> => ({
    model,
    ...Object.fromEntries(references.map((row) => [row.finding, of(row)])),
  });
  return [
    {
      name: 'probes',
      title: `F1 × 100 of probes on the last layer (${last}), ${findings.length - 1} findings`,
      intervals,
      rows: [...table6, reference('(words alone)', ({ words }) => words), reference('(always present)', ({ always }) => always)],
    },
    {
      name: 'layers',
      title: 'Macro F1 × 100 by layer, and how alike the layer is to what it was (CKA)',
      intervals: `${intervals}; of CKA 1.96 bootstrap deviations over texts, 30 draws`,
      rows: probes
        .filter(({ finding }) => finding === 'macro')
        .map((row) => ({
          ...at(row),
          layer: row.layer,
          'macro F1': row.f1,
          'over seeds': row.f1Seeds,
          CKA: alignment.find((one) => one.model === row.model && one.layer === row.layer)?.cka ?? null,
        })),
    },
    {
      name: 'changes',
      title: 'Change of F1 × 100 on the last layer, of the same test texts',
      intervals: `95% bootstrap over texts, ${draws} draws, paired`,
      rows: changes.map(({ model, finding, first, since, all }) => ({
        model,
        finding,
        'at the first look': first ?? null,
        'from there to the last': since ?? null,
        'before to last': all,
      })),
    },
    {
      name: 'movement',
      title: "How far prompts' embeddings have moved",
      intervals: `95% bootstrap over prompts, ${draws} draws`,
      rows: movement.map((row) => ({ ...at(row), prompts: row.prompts, cosine: row.cosine, 'relative distance': row.relative })),
    },
  ];
}

function paperRows(): ResultTable {
  const { rows } = readPaperTable<{ group: string; model: string; f1: Readonly<Record<string, number>> }>(6);
  return paperTable(
    6,
    rows.map(({ group, model, f1 }) => ({ group, model, ...f1 })),
  );
}

/** A line for each, over the looks that it has; each begins at what was before, which has a row of its own or, of what compares with it, is `self`. */
function series<R extends Pick<ProbeRow, 'model' | 'step'>>(
  seen: readonly Seen[],
  rows: readonly R[],
  of: (row: R) => Estimate,
  name: string,
  self?: number,
): LineSeries[] {
  const lines = [...new Set(seen.slice(1).map(({ line }) => line))];
  return lines.map((line) => {
    const models = seen.filter((one, i) => i === 0 || one.line === line).map(({ model }) => model);
    const own = rows.filter(({ model }) => models.includes(model));
    const start = self === undefined ? [] : [self];
    const along = (pick: 'value' | 'low' | 'high'): number[] => [...start, ...own.map((row) => of(row)[pick])];
    return {
      name: lines.length > 1 ? `${line}: ${name}` : name,
      x: [...start.map(() => 0), ...own.map(({ step }) => step ?? 0)],
      y: along('value'),
      low: along('low'),
      high: along('high'),
    };
  });
}

function figuresOf(bench: Bench, seen: readonly Seen[], { probes, alignment, movement }: Rows, interval: string): ResultFigure[] {
  const clouds = cloudsOf(seen);
  const figures: ResultFigure[] = clouds
    ? [
        {
          name: 'components',
          caption:
            "Mean contexts of general prompts and of radiographs' texts, before and at last, along two principal components of all four.",
          figure: clouds,
        },
      ]
    : [];
  if (seen[0]!.step === undefined) return figures; // models side by side have no steps to be drawn along
  const layers = seen[0]!.layers.map(({ name }) => name);
  const macro = probes.filter(({ finding }) => finding === 'macro');
  const single = probes.filter(({ finding, layer }) => finding !== 'macro' && layer === layers.at(-1));
  const findings = [...new Set(single.map(({ finding }) => finding))];
  const axis = { xTitle: 'training step', interval };
  return [
    {
      name: 'macro-f1',
      caption: 'Macro F1 of probes on each layer of the text encoder, along the training.',
      figure: lineFigure({
        ...axis,
        title: 'Findings read off each layer of the text encoder',
        yTitle: 'macro F1 × 100',
        series: layers.flatMap((layer) =>
          series(
            seen,
            macro.filter((row) => row.layer === layer),
            ({ f1 }) => f1,
            layer,
          ),
        ),
      }),
    },
    {
      name: 'findings-f1',
      caption: 'F1 of each finding on the last layer, at each look at the training; the table of probes has the intervals.',
      figure: dotFigure({
        title: 'F1 by finding, last layer',
        xTitle: 'F1 × 100',
        yTitle: '',
        categories: findings,
        series: seen.map(({ model }) => ({
          name: model,
          values: findings.map((finding) => single.find((row) => row.model === model && row.finding === finding)!.f1.value),
        })),
      }),
    },
    {
      name: 'movement',
      caption: "How far the contexts of radiographs' texts and of general prompts have moved from the base's, relative to their length.",
      figure: lineFigure({
        ...axis,
        interval: '95% bootstrap over prompts',
        title: "How far prompts' contexts move",
        yTitle: '|now - before| / |before|',
        series: (['radiographs', 'general'] as const).flatMap((prompts) =>
          series(
            seen,
            movement.filter((row) => row.prompts === prompts),
            ({ relative }) => relative,
            prompts,
            0,
          ),
        ),
      }),
    },
    {
      name: 'alignment',
      caption: 'Linear CKA of each layer with the same layer of the base: 1 is the same up to rotation and scale.',
      figure: lineFigure({
        ...axis,
        interval: '1.96 bootstrap deviations over texts',
        title: `How like each layer is to what it was in ${bench.models[0]!.name}`,
        yTitle: 'CKA',
        series: layers.flatMap((layer) =>
          series(
            seen,
            alignment.filter((row) => row.layer === layer),
            ({ cka }) => cka,
            layer,
            1,
          ),
        ),
      }),
    },
    ...figures,
  ];
}

/** Contexts of both kinds of prompts before and at last; undefined where they are not equally wide. */
function cloudsOf(seen: readonly Seen[]): Figure | undefined {
  const [before, last] = [seen[0]!, seen.at(-1)!];
  const groups = [before, last].flatMap((one) =>
    (['layers', 'general'] as const).map((kind) => ({
      name: `${kind === 'general' ? 'general' : 'radiographs'}, ${one.model}`,
      context: one[kind].at(-1)!.mean,
      symbol: one === before ? 'circle-open' : 'circle',
      color: kind === 'general' ? '#0072B2' : '#D55E00',
    })),
  );
  const [{ context: first }] = groups as [(typeof groups)[number]];
  if (groups.some(({ context }) => context.columns !== first.columns)) return undefined;
  const all: Representation = {
    values: groups.flatMap(({ context }) => Array.from(context.values)),
    rows: groups.reduce((sum, { context }) => sum + context.rows, 0),
    columns: first.columns,
  };
  const components = principalComponents(all, 2);
  return figure({
    data: groups.map(({ name, context, symbol, color }) => {
      const xy = project(components, context);
      const along = (axis: 0 | 1): number[] => Array.from({ length: context.rows }, (_, i) => xy[2 * i + axis]!);
      return { type: 'scatter', mode: 'markers', name, x: along(0), y: along(1), marker: { symbol, color, size: 5 } };
    }),
    layout: {
      title: { text: 'Contexts before and after' },
      height: 480,
      margin: { t: 90 }, // title, and two lines of names
      xaxis: { title: { text: `first component, ${Math.round(100 * components.share[0]!)}% of the variance` } },
      yaxis: { title: { text: `second, ${Math.round(100 * components.share[1]!)}%` } },
    },
  });
}

/** "Falls at first and recovers": macro over all, then each finding, of the first recipe. */
function findingsOf(changes: readonly ChangeRow[]): Finding[] {
  const first = changes[0]?.model;
  return changes
    .filter(({ model, first: fall, since }) => model === first && fall && since)
    .sort((a, b) => Number(b.finding === 'macro') - Number(a.finding === 'macro'))
    .map(({ finding, first: fall, since, model }) => ({
      finding: `Probe F1 falls at first and recovers with steps (${finding}, ${model})`,
      paper:
        finding === 'macro'
          ? 'macro 40.5 before, 23.2 after 1k steps, 30.2 after 60k at 5e-5'
          : finding === 'pneumothorax'
            ? '48.6 before, 24.0 after 1k steps, 48.4 after 60k at 5e-5'
            : finding === 'fracture'
              ? '61.6 before, 55.4 after 1k steps, 38.2 after 60k at 5e-5'
              : 'not printed for this finding',
      here: `${textOf(fall!, 1)} at the first look, then ${textOf(since!, 1)} up to the last`,
      verdict: fall!.high < 0 && since!.low > 0 ? 'repeated' : fall!.low > 0 || since!.high < 0 ? 'not repeated' : 'undecided',
    }));
}
