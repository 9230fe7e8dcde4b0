/** Where the detail is lost: real images, the same through the autoencoder, and generated ones, measured stage by stage. */

import { dispose, foldIn, type Key, split } from '../../engine';
import type { Bench } from '../bench';
import { pixelSpace } from '../memorisation/pixel-space';
import type { MemorisationRow } from '../memorisation/rows';
import { partReader, phantomOf, RIBS, TUBES } from '../networks/part-reader';
import { perceptualMeasure } from '../networks/perceptual';
import type { EvaluationResult } from '../result';
import { chestSpace, ownClassifier } from '../spaces/chest';
import { imageNetSpace } from '../spaces/imagenet';
import { copyRows, PERCENTILE } from './copies';
import { deviceRows } from './devices';
import { gridFigures, partFigures, spectrumFigure, stagesFigure, toldFigure } from './figures';
import { type DetailImages, detailImages, pixelsOf } from './images';
import { detailNotes } from './notes';
import { pairLosses } from './pairs';
import { partRows } from './parts';
import { powerRatios } from './ratios';
import type { DetailFound, DetailPairRow, DetailSetRow, DeviceRow, PartRow, PowerRow } from './rows';
import { setRows, toldRows } from './sets';
import { bandsOf, spectraOf } from './spectrum';
import { detailTables } from './tables';
import { verdictsOf } from './verdict';

export interface DetailOptions {
  /** Updates of each network of the two-sample test; by default 400, and 160 where it is quick. */
  readonly networkSteps?: number;
}

export interface DetailResult extends EvaluationResult, DetailFound {}

const SETTINGS = {
  quick: { draws: 200, distanceDraws: 20, networkSteps: 160, training: 500 },
  whole: { draws: 1000, distanceDraws: 100, networkSteps: 400, training: Number.POSITIVE_INFINITY },
} as const;

/**
 * Measures what each stage of each model loses, against real images of the test part.
 *
 * @throws RangeError where there are fewer than 16 images, or they are of fewer than 11 pixels a side
 */
export async function evaluateDetail(bench: Bench, options: DetailOptions = {}): Promise<DetailResult> {
  const plan = SETTINGS[bench.quick ? 'quick' : 'whole'];
  const { draws, distanceDraws } = plan;
  const steps = options.networkSteps ?? plan.networkSteps;
  const { size } = bench;
  const [dividing, pairing, telling, spectral, distant, finding, copying, seeing] = split(foldIn(bench.key, 0xde7a), 8) as [
    Key,
    Key,
    Key,
    Key,
    Key,
    Key,
    Key,
    Key,
  ];
  const images = await detailImages(bench, dividing);
  const perceptual = await perceptualMeasure(bench);
  let pairs: DetailPairRow[];
  try {
    pairs = await pairRows(bench, images, { perceptual, key: pairing, draws, signal: bench.signal });
  } finally {
    perceptual.dispose();
  }
  const spectra = await spectrumRows(bench, images, { key: spectral, draws });
  const told = await toldRows(bench, images, telling, steps);
  const imageNet = await imageNetSpace();
  const spaces = imageNet ? [imageNet] : [];
  const pixels = pixelSpace(size);
  const training = Math.min(plan.training, bench.train.length);
  const sets: DetailSetRow[] = [];
  const copies: MemorisationRow[] = [];
  try {
    spaces.push(await chestSpace(bench));
    for (const space of spaces) sets.push(...(await setRows(bench, images, space, distant, distanceDraws)));
    copies.push(...(await copyRows(bench, images, pixels, bench.train.length, { key: copying, draws })));
    if (imageNet) copies.push(...(await copyRows(bench, images, imageNet, training, { key: copying, draws })));
  } finally {
    for (const space of spaces) space.dispose();
  }
  const { parts, readers } = await seenParts(bench, images, { key: seeing, draws });
  const { data, ...classifier } = await ownClassifier(bench);
  let devices: DeviceRow[];
  try {
    devices = await deviceRows(images, classifier, { key: finding, draws });
  } finally {
    dispose(classifier.params);
  }
  const verdicts = verdictsOf(told, spectra);
  const rows = { verdicts, pairs, sets, told, spectra, parts, devices, copies };
  return {
    evaluation: 'detail',
    title: 'Where the detail is lost',
    paper: 'not in the paper: its autoencoder is that of Stable Diffusion, as it is',
    ...rows,
    tables: detailTables({ ...rows, bands: bandsOf(size), size, draws, distanceDraws }),
    figures: [
      await stagesFigure(bench, images),
      ...(await gridFigures(bench, images)),
      spectrumFigure(spectra.filter(({ stage }) => stage !== 'diffusion')),
      toldFigure(told),
      ...partFigures(parts),
    ],
    definitions: {
      autoencoder: "real images through the model's encoder, of whose latents the mean is taken, and its decoder (v1)",
      generated: 'one image of the text of each real image (v1)',
      'diffusion model alone':
        'generated images against real images through the same autoencoder: what is lost between perfect latents and those that are made (v1)',
      'real, other patients':
        'real images of the test part against real images of other patients of it, as many: what a perfect stage would come to (v1)',
      'two-sample accuracy':
        'share of images that a convolutional network of random weights tells right, trained on the other half of both sets, patients kept together; 0.5 is chance (Lopez-Paz and Oquab 2017) (v1)',
      power:
        'squared modulus of the Fourier transform of the image less its mean, under the Hann window, greys in 8 bits; summed over the frequencies of a band or ring, geometric mean over images, divided by that of the real images of the same records; power below what rounding to 8 bits gives counts as that (v1)',
      'PSNR, SSIM, mean absolute error':
        'of each image in 8 bits and greys from 0 to 1, the mean over images; SSIM as Wang et al. 2004, window of 11 pixels (v1)',
      'perceptual distance': perceptual.definition,
      FID: 'Fréchet distance of features against real images of other patients (Heusel et al. 2017); it falls with the number of images, so read it against the row of real ones (v1)',
      KID: 'squared maximum mean discrepancy of features, cubic kernel, without bias (Bińkowski et al. 2018) (v1)',
      ...readers,
      ...(devices.length > 0 && {
        'AUROC of devices': `this project's classifier of findings, trained on ${data.name}; labels of the records are the truth (v1)`,
      }),
      'distance ratio': `median distance to the nearest training image (in ImageNet's features: of ${training}), over the same of real images of the test part, whose patients are others (v1)`,
      'copy rate': `share of images whose nearest distance is below percentile ${PERCENTILE} of those of real images (v1)`,
      'loses most':
        'the stage whose loss is larger, with intervals of both apart: of accuracy its distance from 0.5, of power that of its logarithm from 0 (v1)',
      ...Object.fromEntries([pixels, ...spaces].map(({ name, definition }) => [`space ${name}`, definition])),
    },
    notes: detailNotes(bench, images, rows, { imageNet: imageNet !== undefined, features: training, steps }),
  };
}

async function pairRows(
  bench: Bench,
  { real, models, cases, reference }: DetailImages,
  options: Parameters<typeof pairLosses>[3],
): Promise<DetailPairRow[]> {
  const before = await pixelsOf(real, cases);
  const others = await pixelsOf(
    real,
    Int32Array.from(cases, (_, i) => reference[i % reference.length]!),
  );
  const rows: DetailPairRow[] = [{ stage: 'real', ...(await pairLosses(before, others, bench.size, options)) }];
  for (const [m, { name: model, autoencoder }] of models.entries()) {
    if (autoencoder)
      rows.push({ model, stage: 'autoencoder', ...(await pairLosses(before, await pixelsOf(autoencoder, cases), bench.size, options)) });
    bench.progress('pairs of images', m + 1, models.length);
  }
  return rows;
}

async function spectrumRows(
  bench: Bench,
  { real, models, cases, reference }: DetailImages,
  { key, draws }: { key: Key; draws: number },
): Promise<PowerRow[]> {
  const { size, signal } = bench;
  const of = async (set: typeof real, rows: Int32Array) => spectraOf(await pixelsOf(set, rows), size, signal);
  const own = await of(real, cases);
  const paired = { key, draws, paired: true };
  const rows: PowerRow[] = [{ stage: 'real', ...powerRatios(await of(real, reference), own, size, { ...paired, paired: false }) }];
  for (const [m, { name: model, autoencoder, generated }] of models.entries()) {
    const through = autoencoder && (await of(autoencoder, cases));
    const made = await of(generated, cases);
    if (through) rows.push({ model, stage: 'autoencoder', ...powerRatios(through, own, size, paired) });
    rows.push({ model, stage: 'generated', ...powerRatios(made, own, size, paired) });
    if (through) rows.push({ model, stage: 'diffusion', ...powerRatios(made, through, size, paired) });
    bench.progress('spectra', m + 1, models.length);
  }
  return rows;
}

/** Parts that drawn images can be had without. */
async function seenParts(
  bench: Bench,
  images: DetailImages,
  options: { key: Key; draws: number },
): Promise<{ parts: PartRow[]; readers: Record<string, string> }> {
  const [phantom, training] = [phantomOf(bench.test), phantomOf(bench.train)];
  const parts: PartRow[] = [];
  const readers: Record<string, string> = {};
  if (!phantom || !training) return { parts, readers };
  for (const [i, part] of [RIBS, TUBES].entries()) {
    const reader = await partReader(bench, training, part);
    if (!reader) continue;
    try {
      const rows = await partRows(bench, images, { part, reader, phantom, ...options, key: foldIn(options.key, i) });
      parts.push(...rows);
      if (rows.length > 0) readers[`seen: ${part.name}`] = reader.definition;
    } finally {
      reader.dispose();
    }
  }
  return { parts, readers };
}
