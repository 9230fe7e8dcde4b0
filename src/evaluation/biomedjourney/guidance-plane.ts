/** What both guidances trade against each other: change, and what should have been left alone (InstructPix2Pix, Figure 8). */

import { type Displayable, lineFigure } from '../../display';
import type { Model } from '../../pipelines';
import type { Draws } from '../estimate';
import type { ResultTable } from '../result';
import { edited } from './edits';
import type { JourneyInstruments } from './instruments';
import { estimatesOf, type Measure, type Measured, measureImages } from './measures';
import type { JourneyEvaluationOptions } from './options';
import type { JourneyTruth } from './truth';

/** Scales above 1: at 1 there is no guidance. */
export interface GuidanceGrid {
  readonly text: readonly number[];
  readonly image: readonly number[];
}

export interface GuidancePlane {
  readonly table: ResultTable;
  readonly figure: Displayable;
  /** Of each place, images in its order. */
  readonly places: readonly {
    readonly text: number;
    readonly image: number;
    readonly results: Float32Array;
    readonly measured: Measured;
  }[];
}

const SHOWN: readonly Measure[] = ['pathology AUC', 'identified', 'error of the change', 'error elsewhere', 'label KL', 'lung Dice'];

/** @throws RangeError where a scale is out of range; the signal's reason where it was raised */
export async function guidancePlane(
  model: Model,
  truth: JourneyTruth,
  instruments: JourneyInstruments,
  grid: GuidanceGrid,
  { recipe, seed, draws, signal, onProgress }: JourneyEvaluationOptions & { readonly draws: Draws },
): Promise<GuidancePlane> {
  if (grid.text.length === 0 || grid.image.length === 0) throw new RangeError('guidancePlane: expected a scale or more of each guidance');
  const bad = [...grid.text.filter((scale) => !(scale > 1)), ...grid.image.filter((scale) => !(scale >= 1))];
  if (bad.length > 0)
    throw new RangeError(
      `guidancePlane: ${bad.join(', ')}: expected scales of text above 1 and of the image from 1: below there is no guidance`,
    );
  const reference = await instruments.read(truth.exact);
  const places: GuidancePlane['places'][number][] = [];
  for (const image of grid.image)
    for (const text of grid.text) {
      const what = `edits at ${text} and ${image}`;
      const results = await edited(model, truth.priors, truth.instructions, {
        recipe,
        seed,
        guidance: { text, image },
        ...(signal && { signal }),
        onProgress: (done, total) => onProgress?.(what, done, total),
      });
      places.push({ text, image, results, measured: measureImages(truth, results, await instruments.read(results), reference) });
    }
  const estimates = places.map(({ measured }) => estimatesOf(truth, measured, draws));
  const table: ResultTable = {
    name: 'guidance-plane',
    title: `Both guidances, ${truth.count} edits at each place`,
    intervals: `95% bootstrap over images, ${draws.draws} draws`,
    rows: places.map(({ text, image }, i) => ({
      'guidance by text': text,
      'guidance by image': image,
      ...Object.fromEntries(SHOWN.map((measure) => [measure, estimates[i]![measure]])),
    })),
  };
  const series = grid.image.map((image) => {
    const rows = places.flatMap((place, i) => (place.image === image ? [estimates[i]!] : []));
    return {
      name: `image ${image}, text ${grid.text[0]} to ${grid.text.at(-1)}`,
      x: rows.map((row) => row['error elsewhere'].value),
      y: rows.map((row) => row['pathology AUC'].value),
    };
  });
  const figure = lineFigure({
    title: 'What guidance by text gains, and what it costs',
    xTitle: 'error where nothing should change',
    yTitle: 'pathology AUC, hundredths',
    series,
  });
  return { table, figure, places };
}
