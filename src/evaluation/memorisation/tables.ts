/** Tables and figures of memorisation. */

import { histogram, imageGrid } from '../../display';
import type { Estimate } from '../estimate';
import type { ResultFigure, ResultTable } from '../result';
import type { ClosestPair, MemorisationRow } from './rows';

export function memorisationTables(
  rows: readonly MemorisationRow[],
  samePatient: Estimate | null,
  percentile: number,
  draws: number,
): ResultTable[] {
  const intervals = `95% bootstrap over images and over real images of the test part, ${draws} draws`;
  return [
    {
      name: 'nearest',
      title: 'Nearest training images',
      intervals,
      rows: rows.map(({ images, space, median, realMedian, copyRate, nearer }) => ({
        images,
        space,
        'median distance': median,
        'median distance of real images of others': realMedian,
        [`copy rate (real: ${percentile / 100})`]: copyRate,
        'nearer than real (equal: 0.5)': nearer,
      })),
    },
    {
      name: 'same-patient',
      title: 'The network that knows patients, on patients whom it has not seen',
      intervals: `95% bootstrap over pairs of images, ${draws} draws`,
      rows: [{ pairs: 'one patient against two', AUROC: samePatient }],
    },
  ];
}

export function memorisationFigures(
  rows: readonly MemorisationRow[],
  baselines: readonly { readonly space: string; readonly distances: Float64Array }[],
  pairs: readonly ClosestPair[],
  size: number,
): ResultFigure[] {
  const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const distances = baselines.map(
    ({ space, distances: real }): ResultFigure => ({
      name: `distances-${slug(space)}`,
      caption: `Distance to the nearest training image by ${space}: real images of other patients, models' images, and noisy copies.`,
      figure: histogram({
        series: [
          { name: 'real, other patients', values: real },
          ...rows.filter((row) => row.space === space).map(({ images, nearest }) => ({ name: images, values: nearest.distances })),
        ],
        xTitle: `distance to the nearest training image, ${space}`,
        title: `Nearest training images by ${space}`,
      }),
    }),
  );
  const models = [...new Set(pairs.map(({ images }) => images))];
  const grids = models.map((model): ResultFigure => {
    const own = pairs.filter(({ images }) => images === model);
    const picture = (pixels: Float32Array) => ({ pixels, width: size, height: size, channels: 1 as const });
    return {
      name: `closest-${slug(model)}`,
      caption: `The images of ${model} that are nearest to a training image, by each measure, each beside that image; synthetic, not for diagnosis.`,
      figure: imageGrid(
        own.flatMap(({ made, trained }) => [picture(made), picture(trained)]),
        undefined,
        {
          columns: 4,
          labels: own.flatMap(({ space, distance }) => [`${space}: ${distance.toPrecision(3)}`, 'its nearest training image']),
          synthetic: true,
        },
      ),
    };
  });
  return [...distances, ...grids];
}
