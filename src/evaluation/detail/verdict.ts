/** Which of a model's stages loses most. */

import { type Estimate, textOf } from '../estimate';
import type { DetailToldRow, DetailVerdict, PowerRow } from './rows';

/** A loss by its size alone. */
interface Loss {
  readonly least: number;
  readonly value: number;
  readonly most: number;
}

/** How far from what nothing lost would give. */
function lossOf({ value, low, high }: Estimate, none: number): Loss {
  const ends = [Math.abs(low - none), Math.abs(high - none)];
  const least = low <= none && high >= none ? 0 : Math.min(...ends);
  return { least, value: Math.abs(value - none), most: Math.max(...ends) };
}

function mostOf(autoencoder: Loss, diffusion: Loss): DetailVerdict['most'] {
  if (autoencoder.least === 0 && diffusion.least === 0) return 'neither';
  if (autoencoder.least > diffusion.most) return 'autoencoder';
  if (diffusion.least > autoencoder.most) return 'diffusion model';
  return 'undecided';
}

const logOf = ({ value, low, high }: Estimate): Estimate => ({ value: Math.log(value), low: Math.log(low), high: Math.log(high) });

/** Of each model with an autoencoder, by each measure; a stage loses more where the intervals of both losses are apart. */
export function verdictsOf(told: readonly DetailToldRow[], spectra: readonly PowerRow[]): DetailVerdict[] {
  const models = [...new Set(told.flatMap(({ model }) => model ?? []))];
  return models.flatMap((model): DetailVerdict[] => {
    const of = <R extends { model?: string; stage: string }>(rows: readonly R[], stage: string): R | undefined =>
      rows.find((row) => row.model === model && row.stage === stage);
    const [a, d] = [of(told, 'autoencoder'), of(told, 'diffusion')];
    const [s, t] = [of(spectra, 'autoencoder')?.bands.at(-1), of(spectra, 'diffusion')?.bands.at(-1)];
    if (!a || !d || !s || !t) return [];
    return [
      {
        model,
        measure: 'two-sample accuracy',
        autoencoder: a.accuracy,
        diffusion: d.accuracy,
        most: mostOf(lossOf(a.accuracy, 0.5), lossOf(d.accuracy, 0.5)),
      },
      { model, measure: 'power of the finest band', autoencoder: s, diffusion: t, most: mostOf(lossOf(logOf(s), 0), lossOf(logOf(t), 0)) },
    ];
  });
}

const WORDS: Readonly<Record<DetailVerdict['most'], string>> = {
  autoencoder: 'the autoencoder loses most',
  'diffusion model': 'the diffusion model loses most',
  neither: 'neither stage loses anything that is seen',
  undecided: 'their intervals overlap, so that it is not decided which loses more',
};

/** In a sentence. */
export const verdictSentence = ({ model, measure, autoencoder, diffusion, most }: DetailVerdict): string =>
  `${model}, by ${measure}: ${WORDS[most]} (autoencoder ${textOf(autoencoder, 2)}, diffusion model alone ${textOf(diffusion, 2)}; nothing lost: ${measure === 'two-sample accuracy' ? '0.50' : '1.00'}).`;
