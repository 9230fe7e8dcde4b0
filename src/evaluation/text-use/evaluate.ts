/** How much of its texts a model uses: by how much its prediction of real images gets worse where their texts are changed, at each noise level. */

import { lineFigure } from '../../display';
import { foldIn } from '../../engine';
import { rowsOf } from '../../files';
import { readRange } from '../../files/internal';
import { disposeModel, type Model } from '../../pipelines';
import { noiseTables } from '../../schedulers';
import { type Bench, openEvaluated } from '../bench';
import { BATCH, denoising, type NoisedSet, noisedSet } from '../denoising';
import { bootstrap, type Estimate, textOf } from '../estimate';
import { realImages } from '../image-set';
import type { EvaluationResult, ResultFigure } from '../result';
import { type Change, changedTexts } from './changes';

/** One noise level of one model under one change. */
export interface TextUseRow {
  readonly model: string;
  readonly change: Change;
  readonly timestep: number;
  /** 10 log₁₀ of ᾱ / (1 - ᾱ), decibels. */
  readonly snr: number;
  /** Images whose text the change changes. */
  readonly images: number;
  /** Mean squared error of these images with their own texts. */
  readonly loss: Estimate;
  /** By how much it is higher with the changed texts, percent of it. */
  readonly rise: Estimate;
}

export interface TextUseResult extends EvaluationResult {
  readonly rows: readonly TextUseRow[];
}

/** Noise levels as shares of the schedule: the last is where sampling begins. */
const LEVELS: readonly number[] = [0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1];
const IMAGES = { quick: 48, whole: 192 } as const;
/** The child of the bench's key for noise and bootstrap. */
const KEY = 1800;

/**
 * Measures each model on real images of the test part, with the same noise under every change.
 *
 * @throws RangeError where there are fewer than 16 images; FileError where a model has no weights; the signal's reason where it was raised
 */
export async function evaluateTextUse(bench: Bench): Promise<TextUseResult> {
  const real = await realImages(bench, 'test', Math.min(bench.test.length, IMAGES[bench.quick ? 'quick' : 'whole']));
  const count = Math.floor(real.records.length / BATCH) * BATCH;
  const pixels = rowsOf(await readRange(real.pixels, 0, count), bench.size ** 2);
  const rows: TextUseRow[] = [];
  for (const [m, evaluated] of bench.models.entries()) {
    const model = await openEvaluated(evaluated);
    try {
      const set = await noisedSet(model, pixels, real.records, bench.size, foldIn(bench.key, KEY));
      rows.push(...textUse(bench, model, set).map((row) => ({ model: evaluated.name, ...row })));
      bench.progress('use of texts', m + 1, bench.models.length);
    } finally {
      disposeModel(model);
    }
  }
  return shown(rows);
}

function textUse(bench: Bench, model: Model, set: NoisedSet): Omit<TextUseRow, 'model'>[] {
  const { snr, numTrainTimesteps: steps } = noiseTables(model.schedulerConfig);
  const changes = Object.entries(changedTexts(set.texts)) as [Change, readonly (string | undefined)[]][];
  const measure = denoising(model);
  try {
    return LEVELS.flatMap((share) => {
      const timestep = Math.round(share * (steps - 1));
      const losses = (texts: readonly string[]): Float64Array => measure.losses(model, { ...set, texts, timestep }, bench.signal);
      const own = losses(set.texts);
      return changes.flatMap(([change, changed]) => {
        const rows = changed.flatMap((text, i) => (text === undefined ? [] : [i]));
        if (rows.length === 0) return [];
        const other = losses(changed.map((text, i) => text ?? set.texts[i]!));
        const sum = (values: Float64Array, chosen: Int32Array): number => chosen.reduce((total, i) => total + values[rows[i]!]!, 0);
        const drawing = { key: foldIn(foldIn(bench.key, KEY), timestep), draws: bench.quick ? 200 : 1000 };
        return [
          {
            change,
            timestep,
            snr: 10 * Math.log10(snr[timestep]!),
            images: rows.length,
            loss: bootstrap(rows.length, (chosen) => sum(own, chosen) / chosen.length, drawing),
            rise: bootstrap(rows.length, (chosen) => 100 * (sum(other, chosen) / sum(own, chosen) - 1), drawing),
          },
        ];
      });
    });
  } finally {
    measure.dispose();
  }
}

const INTERVALS = '95% bootstrap over images, with the same noise on both sides';

function shown(rows: readonly TextUseRow[]): TextUseResult {
  const models = [...new Set(rows.map(({ model }) => model))];
  const changes = [...new Set(rows.map(({ change }) => change))];
  return {
    evaluation: 'text-use',
    title: 'How much of its texts a model uses',
    paper: 'not in the paper',
    rows,
    tables: [
      {
        name: 'text-use',
        title: 'By how much the loss on real images rises where their texts are changed',
        intervals: INTERVALS,
        rows: rows.map(({ model, change, timestep, snr, images, loss, rise }) => ({
          model,
          change,
          timestep,
          'SNR, dB': snr,
          images,
          loss,
          'rises by, %': rise,
        })),
      },
    ],
    figures: models.map((model) =>
      riseFigure(
        model,
        rows.filter((row) => row.model === model),
      ),
    ),
    definitions: {
      loss: "v1: mean squared error of the U-Net's prediction at one noise level on real images of the test part: mean latents, one noise for each image.",
      'sides exchanged': 'v1: left and right exchanged in the texts that name one. A model that does not hear sides loses nothing.',
      "another's text": "v1: the next image's text.",
      'no text': 'v1: the empty text, which stands for all texts in guidance.',
    },
    notes: [
      'Real images and no generated ones: it needs no classifier, and a hundred images decide it. What is heard need not be drawn well.',
    ],
    findings: models.flatMap((model) =>
      changes.flatMap((change) => {
        const own = rows.filter((row) => row.model === model && row.change === change);
        const most = own.reduce((best, row) => (row.rise.value > best.rise.value ? row : best));
        return [
          {
            finding: `${model} uses its texts: ${change}`,
            paper: 'not in the paper',
            here: `at most ${textOf(most.rise, 1, '%')} of the loss, at step ${most.timestep}`,
            verdict: own.every(({ rise }) => rise.low > 0)
              ? 'repeated'
              : own.every(({ rise }) => rise.low <= 0)
                ? 'not repeated'
                : 'undecided',
          } as const,
        ];
      }),
    ),
  };
}

function riseFigure(model: string, rows: readonly TextUseRow[]): ResultFigure {
  const changes = [...new Set(rows.map(({ change }) => change))];
  return {
    name: `text-use-${model}`,
    caption: `${model}: how much worse the network predicts real images with texts that are not theirs. Noise grows to the right; sampling goes from right to left.`,
    figure: lineFigure({
      title: 'What changed texts cost',
      xTitle: 'timestep',
      yTitle: 'rise of the loss, %',
      interval: INTERVALS,
      series: changes.map((change) => {
        const own = rows.filter((row) => row.change === change);
        return {
          name: change,
          x: own.map(({ timestep }) => timestep),
          y: own.map(({ rise }) => rise.value),
          low: own.map(({ rise }) => rise.low),
          high: own.map(({ rise }) => rise.high),
        };
      }),
    }),
  };
}
