/** RoentGen's Figure 3: how alike the images of a prompt are, against how long it is. */

import type { ImageRecord } from '../datasets';
import { figure, lineFigure } from '../display';
import { foldIn } from '../engine';
import { pearson } from '../metrics';
import { modelTokenizer } from '../pipelines/internal';
import type { Bench, EvaluatedModel } from './bench';
import { type BootstrapOptions, bootstrap, bootstrapAll, bootstrapMean, type Estimate, textOf } from './estimate';
import { type EvaluationResult, isAbove0, type ResultFigure } from './result';
import { msSsimDefinition, PER_PROMPT, severalOfAll, severalRecords } from './several-of-a-prompt';

export interface DiversityRow {
  readonly model: string;
  readonly prompts: number;
  readonly mean: Estimate;
  /** Change of MS-SSIM with ten tokens more. */
  readonly slope: Estimate;
  /** Of the fitted line at no tokens. */
  readonly intercept: number;
  readonly correlation: Estimate;
}

export interface DiversityResult extends EvaluationResult {
  readonly rows: readonly DiversityRow[];
  /** One for each prompt of each model; without its text. */
  readonly points: readonly { readonly model: string; readonly prompt: number; readonly tokens: number; readonly msSsim: number }[];
}

/** A least-squares line. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The line through chosen points; NaN where all have the same x. */
export function fitLine(x: ArrayLike<number>, y: ArrayLike<number>, chosen: ArrayLike<number>): Line {
  const n = chosen.length;
  let [mx, my] = [0, 0];
  for (let i = 0; i < n; i++) {
    mx += x[chosen[i]!]! / n;
    my += y[chosen[i]!]! / n;
  }
  let [xy, xx] = [0, 0];
  for (let i = 0; i < n; i++) {
    xy += (x[chosen[i]!]! - mx) * (y[chosen[i]!]! - my);
    xx += (x[chosen[i]!]! - mx) ** 2;
  }
  const slope = xx === 0 ? Number.NaN : xy / xx;
  return { slope, intercept: my - slope * mx };
}

/** The model whose tokenizer cuts another's prompts: its own, or where images are given in place of weights the first that has one. */
function tokenizing({ models }: Bench, model: EvaluatedModel): EvaluatedModel {
  const own = model.images ? models.find(({ images }) => !images) : model;
  if (!own)
    throw new RangeError(
      'diversity: the length of prompts is counted in tokens, and images alone have no tokenizer; name a model beside them (--model)',
    );
  return own;
}

/** Tokens of prompts, as a model's tokenizer cuts them; special ones do not count. */
async function tokenCounts({ folder }: EvaluatedModel, records: readonly ImageRecord[]): Promise<number[]> {
  const { maxLength, startId, endId, ids } = await modelTokenizer(folder);
  const special = [startId, endId].filter((id) => id !== undefined);
  return records.map(({ text }) => Math.min(maxLength - special.length, ids(text).filter((id) => !special.includes(id)).length));
}

const DRAWS = 1000;
/** Points of the drawn lines. */
const GRID = 40;

/**
 * Measures all models in one plot.
 *
 * @throws RangeError where all prompts are equally long, no model has a tokenizer, or images are given of which none has several of a prompt
 */
export async function evaluateDiversity(bench: Bench): Promise<DiversityResult> {
  const rows: DiversityRow[] = [];
  const points: DiversityResult['points'][number][] = [];
  const lines: { name: string; x: number[]; y: number[]; low: number[]; high: number[] }[] = [];
  const notes: string[] = [];
  const records = severalRecords(bench);
  const tokensOf: number[][] = [];
  for (const model of bench.models) {
    const tokens = await tokenCounts(tokenizing(bench, model), records);
    if (new Set(tokens).size < 2)
      throw new RangeError(`diversity: all ${tokens.length} prompts have ${tokens[0]} tokens; it is measured against lengths that differ`);
    tokensOf.push(tokens);
  }
  const several = await severalOfAll(bench, notes);
  if (several.length === 0) throw new RangeError(`diversity: there is nothing to measure: ${notes.join(' ')}`);
  const { scales } = several[0]!;
  for (const { model, byPrompt: values } of several) {
    const m = bench.models.indexOf(model);
    const tokens = tokensOf[m]!;
    if (model.images) notes.push(`${model.name} has no tokenizer: tokens of its prompts are those of ${tokenizing(bench, model).name}.`);
    const n = values.length;
    const drawing = (number: number): BootstrapOptions => ({ key: foldIn(foldIn(bench.key, 300 + m), number), draws: DRAWS });
    const chosenOf = (from: ArrayLike<number>, chosen: Int32Array): number[] => Array.from(chosen, (i) => from[i]!);
    const all = fitLine(tokens, values, Array.from(values.keys()));
    rows.push({
      model: model.name,
      prompts: n,
      mean: bootstrapMean(values, drawing(0)),
      slope: bootstrap(n, (chosen) => 10 * fitLine(tokens, values, chosen).slope, drawing(1)),
      intercept: all.intercept,
      correlation: bootstrap(n, (chosen) => pearson(chosenOf(tokens, chosen), chosenOf(values, chosen)), drawing(2)),
    });
    points.push(...Array.from(values, (msSsim, prompt) => ({ model: model.name, prompt, tokens: tokens[prompt]!, msSsim })));
    const [least, most] = [Math.min(...tokens), Math.max(...tokens)];
    const x = Array.from({ length: GRID }, (_, i) => least + ((most - least) * i) / (GRID - 1));
    // The same draws at all lengths: a band of lines.
    const lineOf = (chosen: Int32Array): number[] => {
      const { slope, intercept } = fitLine(tokens, values, chosen);
      return x.map((at) => intercept + slope * at);
    };
    const band = bootstrapAll(n, lineOf, drawing(3));
    lines.push({
      name: model.name,
      x,
      y: band.map(({ value }) => value),
      low: band.map(({ low }) => low),
      high: band.map(({ high }) => high),
    });
  }
  const intervals = `95%, bootstrap over prompts, ${DRAWS} draws`;
  return {
    evaluation: 'diversity',
    title: 'Diversity and the length of prompts',
    paper: 'Figure 3',
    rows,
    points,
    tables: [
      {
        name: 'diversity',
        title: 'MS-SSIM of images of a prompt against its tokens',
        rows: rows.map(({ model, prompts, mean, slope, correlation }) => ({
          model,
          prompts,
          'MS-SSIM': mean,
          'change with 10 tokens': slope,
          'correlation with tokens': correlation,
        })),
        intervals,
      },
      {
        name: 'prompts',
        title: 'Each prompt',
        detail: true,
        rows: points.map(({ model, prompt, tokens, msSsim }) => ({ model, prompt, tokens, 'MS-SSIM': msSsim })),
      },
    ],
    figures: [lengthFigure(lines, points)],
    definitions: {
      'MS-SSIM': msSsimDefinition(scales),
      tokens: "of the model's own tokenizer, special ones not counted, at most as many as the text encoder reads (v1)",
      'change with 10 tokens':
        'slope of the least-squares line through all prompts, times 10: above 0, images of long prompts are more alike (v1)',
    },
    notes: [
      ...notes,
      `${PER_PROMPT} images of each prompt. Longer prompts of these data also name more findings, so that length and content go together.`,
      ...(scales < 5
        ? [`Images of ${bench.size} pixels have ${scales} of MS-SSIM's five scales: values are not comparable with those of larger images.`]
        : []),
    ],
    findings: rows.map(({ model, slope }) => ({
      finding: `images of long prompts are more alike (${model})`,
      paper: 'Figure 3: MS-SSIM rises with the length of the prompt',
      here: `${textOf(slope, 3)} with 10 tokens more`,
      verdict: isAbove0(slope),
    })),
  };
}

function lengthFigure(
  lines: readonly { readonly name: string; readonly x: number[]; readonly y: number[]; readonly low: number[]; readonly high: number[] }[],
  points: DiversityResult['points'],
): ResultFigure {
  const { spec } = lineFigure({
    title: 'How alike images of a prompt are',
    series: lines,
    xTitle: 'tokens of the prompt',
    yTitle: 'MS-SSIM',
    interval: '95%, bootstrap over prompts',
  });
  const colours = new Map(spec.data.filter(({ line }) => line).map((trace) => [trace.name, (trace.line as { color?: string }).color]));
  const dots = lines.map(({ name }) => {
    const own = points.filter(({ model }) => model === name);
    return {
      type: 'scatter',
      mode: 'markers',
      name,
      showlegend: false,
      x: own.map(({ tokens }) => tokens),
      y: own.map(({ msSsim }) => msSsim),
      marker: { size: 5, opacity: 0.45, color: colours.get(name) },
    };
  });
  return {
    name: 'diversity',
    caption: 'Each dot is a prompt; lines are least-squares fits with their bands. High is alike.',
    figure: figure({ data: [...dots, ...spec.data], layout: spec.layout }),
  };
}
