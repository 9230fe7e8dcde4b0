/** The text that each image finds first, as a report that is looked up instead of written. */

import { recordsOf } from '../../datasets/internal';
import type { Features } from '../../metrics';
import type { Bench } from '../bench';
import type { BootstrapOptions, Estimate } from '../estimate';
import type { ImageSet } from '../image-set';
import type { ContrastiveEncoder } from '../networks/kept-contrastive';
import type { ResultTable } from '../result';
import { estimateOf } from '../summed';
import { type ComparedText, inHundredths, labelF1Name, labelMeasures, PAPER_F1, wordMeasures } from '../text-measures';

/** How near the first text that images find is to their own. */
export interface FoundTexts {
  readonly images: string;
  readonly queries: number;
  /** By name, fractions; CIDEr from 0 to 10. */
  readonly measures: Readonly<Record<string, Estimate>>;
}

/** The nearest text of the training part for each image of a prompt, against the prompt. */
export async function foundTexts(
  bench: Bench,
  encoder: ContrastiveEncoder,
  sets: readonly ImageSet[],
  features: readonly Features[],
  options: BootstrapOptions,
): Promise<FoundTexts[]> {
  const corpus = [...new Set(recordsOf(bench.train).map(({ text }) => text))];
  const vectors = await encoder.texts(corpus);
  const { width } = encoder;
  return sets.map(({ name }, s) => {
    const { values } = features[s]!;
    const texts = bench.records.map(({ text }, i): ComparedText => {
      let [best, most] = [0, Number.NEGATIVE_INFINITY];
      for (let c = 0; c < corpus.length; c++) {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += values[i * width + k]! * vectors[c * width + k]!;
        if (sum > most) [best, most] = [c, sum];
      }
      return { candidate: corpus[best]!, reference: text };
    });
    const measures = [...wordMeasures(texts), ...labelMeasures(texts)];
    const estimates = Object.fromEntries(measures.map((measure) => [measure.name, estimateOf(measure, options)]));
    return { images: name, queries: texts.length, measures: estimates };
  });
}

/** Words and labels of the texts found. */
export function topTextTable(rows: readonly FoundTexts[], draws: number): ResultTable {
  const shown = [labelF1Name(PAPER_F1), labelF1Name({ ...PAPER_F1, classes: 14 }), 'BLEU-1', 'BLEU-4', 'ROUGE-L', 'METEOR'];
  return {
    name: 'retrieval-top-text',
    title: 'The first text of the training part that images find, against their own: hundredths, but CIDEr (0 to 10)',
    intervals: `95% bootstrap over images, ${draws} draws`,
    rows: rows.map(({ images, queries, measures }) => ({
      images,
      queries,
      ...Object.fromEntries(shown.map((name) => [name, inHundredths(measures[name]!)])),
      CIDEr: measures.CIDEr!,
    })),
  };
}
