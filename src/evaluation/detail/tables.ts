/** Tables of detail. */

import type { Cell, ResultTable } from '../result';
import { PERCENTILE } from './copies';
import type { DetailBand, DetailFound, DetailStage } from './rows';

/** Stages in tables. */
export const STAGE_NAMES: Readonly<Record<DetailStage, string>> = {
  real: 'real, other patients',
  autoencoder: 'autoencoder',
  generated: 'generated',
  diffusion: 'diffusion model alone',
};

/** And how. */
interface Shown extends DetailFound {
  readonly bands: readonly DetailBand[];
  readonly size: number;
  readonly draws: number;
  readonly distanceDraws: number;
}

const of = ({ model, stage }: { readonly model?: string; readonly stage: DetailStage }): Record<string, Cell> => ({
  model: model ?? '–',
  stage: STAGE_NAMES[stage],
});

/** The same where real images are those of the records, not others'. */
const ofSame = (row: Parameters<typeof of>[0]): Record<string, Cell> => ({ ...of(row), ...(row.stage === 'real' && { stage: 'real' }) });

/** `16 to 32 (0.25 to 0.50)`: cycles over the width, and over a pixel. */
const bandName = ({ from, to }: DetailBand, size: number): string =>
  `${from} to ${to} (${(from / size).toFixed(2)} to ${(to / size).toFixed(2)})`;

export function detailTables(found: Shown): ResultTable[] {
  const { verdicts, pairs, sets, told, spectra, bands, size, parts, devices, copies, draws, distanceDraws } = found;
  const bootstrap = `95% bootstrap over images, ${draws} draws`;
  const tables: ResultTable[] = [
    {
      name: 'verdicts',
      title: 'Which stage loses most',
      intervals: `of accuracy 95% Wilson over images; of power ${bootstrap}`,
      rows: verdicts.map(({ model, measure, autoencoder, diffusion, most }) => ({
        model,
        measure,
        autoencoder,
        'diffusion model alone': diffusion,
        'loses most': most,
      })),
    },
    {
      name: 'two-sample',
      title: 'Whether a fresh network tells the stage (chance: 0.5)',
      intervals: 'of accuracy 95% Wilson over images, of AUROC bootstrap over images, 200 draws',
      rows: told.map((row) => ({ ...of(row), images: row.count, accuracy: row.accuracy, AUROC: row.auroc })),
    },
    {
      name: 'power',
      title: 'Power over that of real images (nothing lost: 1) by band of frequencies, cycles over the width (a pixel)',
      intervals: bootstrap,
      rows: spectra.map((row) => ({ ...of(row), ...Object.fromEntries(row.bands.map((value, b) => [bandName(bands[b]!, size), value])) })),
    },
    {
      name: 'pairs',
      title: 'What the autoencoder changes of each real image, beside how far two patients are apart',
      intervals: bootstrap,
      rows: pairs.map((row) => ({
        ...of(row),
        images: row.images,
        'PSNR, dB': row.psnr,
        SSIM: row.ssim,
        'mean absolute error': row.mae,
        'perceptual distance': row.perceptual,
      })),
    },
    {
      name: 'distances',
      title: 'Distance to real images of other patients',
      intervals: `of FID 95%, 1.96 standard deviations of ${distanceDraws} bootstrap draws of both sets; of KID percentiles of 1000`,
      rows: sets.map((row) => ({ ...of(row), space: row.space, images: row.count, FID: row.fid, KID: row.kid })),
    },
    {
      name: 'parts',
      title: 'Images in which a network sees ribs; tubes and lines',
      intervals: `of shares 95% Wilson over images; of AUROC ${bootstrap}`,
      rows: parts.map((row) => ({
        part: row.part,
        ...ofSame(row),
        images: row.images,
        count: row.count,
        seen: row.seen,
        'AUROC, with against without': row.told ?? null,
      })),
    },
    {
      name: 'devices',
      title: 'AUROC of devices by the chest classifier',
      intervals: bootstrap,
      rows: devices.map((row) => ({
        ...ofSame(row),
        ...Object.fromEntries(row.labels.map(({ label, positives, auroc }) => [`${label} (${positives} images)`, auroc])),
        mean: row.mean,
      })),
    },
    {
      name: 'copies',
      title: 'Nearest training images, beside those of real images of other patients',
      intervals: `95% bootstrap over images and over real images of the test part, ${draws} draws`,
      rows: copies.map(({ images, space, median, realMedian, ratio, copyRate }) => ({
        model: images,
        space,
        'median distance': median,
        'of real images': realMedian,
        'distance ratio': ratio,
        [`copy rate (real: ${PERCENTILE / 100})`]: copyRate,
      })),
    },
    {
      name: 'spectrum',
      title: 'Power by frequency over that of real images',
      intervals: bootstrap,
      detail: true,
      rows: spectra.flatMap((row) =>
        row.rings.map((value, i) => ({
          ...of(row),
          'cycles over the width': i + 1,
          'cycles a pixel': Number(((i + 1) / size).toFixed(4)),
          ratio: value,
        })),
      ),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}
