/** Where the detail is lost: real images, the same through the autoencoder, and generated ones, measured stage by stage. */

import { dispose, foldIn, type Key, split } from '../../engine';
import type { Bench } from '../bench';
import { pixelSpace } from '../memorisation/pixel-space';
import { perceptualMeasure } from '../networks/perceptual';
import { phantomOf, ribReader } from '../networks/rib-reader';
import type { EvaluationResult } from '../result';
import { chestSpace, ownClassifier } from '../spaces/chest';
import { imageNetSpace } from '../spaces/imagenet';
import { copyRows, PERCENTILE } from './copies';
import { deviceRows } from './devices';
import { gridFigures, ribFigure, spectrumFigure, stagesFigure, toldFigure } from './figures';
import { type DetailImages, detailImages, pixelsOf } from './images';
import { pairLosses } from './pairs';
import { powerRatios } from './ratios';
import { ribRows } from './ribs';
import type { CopyRow, DetailVerdict, DeviceRow, PairRow, RibRow, SetRow, SpectrumRow, ToldRow } from './rows';
import { setRows, toldRows } from './sets';
import { bandsOf, spectraOf } from './spectrum';
import { detailTables } from './tables';
import { verdictSentence, verdictsOf } from './verdict';

export interface DetailOptions {
  /** Updates of each network of the two-sample test; by default 400, and 160 where it is quick. */
  readonly networkSteps?: number;
}

export interface DetailResult extends EvaluationResult {
  readonly verdicts: readonly DetailVerdict[];
  readonly pairs: readonly PairRow[];
  readonly sets: readonly SetRow[];
  readonly told: readonly ToldRow[];
  readonly spectra: readonly SpectrumRow[];
  /** Of the phantom alone. */
  readonly ribs: readonly RibRow[];
  readonly devices: readonly DeviceRow[];
  readonly copies: readonly CopyRow[];
}

const SETTINGS = {
  quick: { draws: 200, distanceDraws: 20, networkSteps: 160, training: 1000 },
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
  const { size } = bench;
  const [dividing, pairing, telling, spectral, distant, finding, copying] = split(foldIn(bench.key, 0xde7a), 7) as [
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
  let pairs: PairRow[];
  try {
    pairs = await pairRows(bench, images, { perceptual, key: pairing, draws, signal: bench.signal });
  } finally {
    perceptual.dispose();
  }
  const spectra = await spectrumRows(bench, images, { key: spectral, draws });
  const told = await toldRows(bench, images, telling, options.networkSteps ?? plan.networkSteps);
  const imageNet = await imageNetSpace();
  const spaces = [...(imageNet ? [imageNet] : []), await chestSpace(bench)];
  const pixels = pixelSpace(size);
  const training = Math.min(plan.training, bench.train.length);
  const sets: SetRow[] = [];
  const copies: CopyRow[] = [];
  try {
    for (const space of spaces) sets.push(...(await setRows(bench, images, space, distant, distanceDraws)));
    for (const space of [pixels, ...(imageNet ? [imageNet] : [])])
      copies.push(...(await copyRows(bench, images, space, training, { key: copying, draws })));
  } finally {
    for (const space of spaces) space.dispose();
  }
  const [ribs, ribDefinition] = await seenRibs(bench, images);
  const { data, ...classifier } = await ownClassifier(bench);
  let devices: DeviceRow[];
  try {
    devices = await deviceRows(images, classifier, { key: finding, draws });
  } finally {
    dispose(classifier.params);
  }
  const verdicts = verdictsOf(told, spectra);
  const rows = { verdicts, pairs, sets, told, spectra, ribs, devices, copies };
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
      ...ribFigure(ribs),
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
      ...(ribDefinition && { 'ribs seen': ribDefinition }),
      ...(devices.length > 0 && {
        'AUROC of devices': `this project's classifier of findings, trained on ${data.name}; labels of the records are the truth (v1)`,
      }),
      'distance ratio': `median distance to the nearest of ${training} training images, over the same of real images of the test part, whose patients are others (v1)`,
      'copy rate': `share of images whose nearest distance is below percentile ${PERCENTILE} of those of real images (v1)`,
      'loses most':
        'the stage whose loss is larger, with intervals of both apart: of accuracy its distance from 0.5, of power that of its logarithm from 0 (v1)',
      ...Object.fromEntries([pixels, ...spaces].map(({ name, definition }) => [`space ${name}`, definition])),
    },
    notes: notesOf(bench, images, rows, { imageNet: imageNet !== undefined, training, steps: options.networkSteps ?? plan.networkSteps }),
  };
}

async function pairRows(
  bench: Bench,
  { real, models, cases, reference }: DetailImages,
  options: Parameters<typeof pairLosses>[3],
): Promise<PairRow[]> {
  const before = await pixelsOf(real, cases);
  const others = await pixelsOf(
    real,
    Int32Array.from(cases, (_, i) => reference[i % reference.length]!),
  );
  const rows: PairRow[] = [{ stage: 'real', ...(await pairLosses(before, others, bench.size, options)) }];
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
): Promise<SpectrumRow[]> {
  const { size, signal } = bench;
  const of = async (set: typeof real, rows: Int32Array) => spectraOf(await pixelsOf(set, rows), size, signal);
  const own = await of(real, cases);
  const paired = { key, draws, paired: true };
  const rows: SpectrumRow[] = [{ stage: 'real', ...powerRatios(await of(real, reference), own, size, { ...paired, paired: false }) }];
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

async function seenRibs(bench: Bench, images: DetailImages): Promise<[RibRow[], string?]> {
  const [phantom, training] = [phantomOf(bench.test), phantomOf(bench.train)];
  if (!phantom || !training) return [[]];
  const reader = await ribReader(bench, training);
  try {
    return [await ribRows(bench, images, { reader, phantom }), reader.definition];
  } finally {
    reader.dispose();
  }
}

/** Where the network that sees ribs is right so rarely on real images, or those through an autoencoder, that it says little. */
const POOR = 0.9;

function notesOf(
  bench: Bench,
  { cases, reference, patients }: DetailImages,
  { verdicts, told, ribs, devices }: Pick<DetailResult, 'verdicts' | 'told' | 'ribs' | 'devices'>,
  { imageNet, training, steps }: { imageNet: boolean; training: number; steps: number },
): string[] {
  const control = told[0]!.accuracy;
  const people = new Set(Array.from(cases, (row) => patients[row])).size;
  const poor = ribs.filter(({ stage, ribs: drawn, seen }) => stage === 'real' && (drawn === 'drawn' ? seen.value : 1 - seen.value) < POOR);
  const misled = ribs.filter(({ stage, ribs: drawn, seen }) => stage === 'autoencoder' && drawn === 'left out' && seen.value > 1 - POOR);
  return [
    ...verdicts.map(verdictSentence),
    `${cases.length} images are measured against ${reference.length} of other patients.`,
    ...(people < cases.length
      ? [`${cases.length} images are of ${people} patients: intervals over images are narrower than they should be.`]
      : []),
    ...(control.low > 0.5
      ? [
          `Real images of other patients are told from real ones too (${control.value.toFixed(2)}): accuracies of models are to be read against that.`,
        ]
      : []),
    'The two-sample network is small and trains for seconds: at chance it means that this network sees no difference, not that there is none.',
    ...(imageNet
      ? []
      : [
          "There is no ImageNet network: perceptual distance and sets go by the chest classifier's features, which know findings better than texture (roentgen models get efficientnet-lite0).",
        ]),
    ...(ribs.length === 0 ? ['Ribs are not looked for: that takes images that can be drawn with and without them, the phantom.'] : []),
    ...(poor.length > 0
      ? [`The network that sees ribs is wrong in more than ${Math.round(100 * (1 - POOR))}% of real images: its shares say little.`]
      : []),
    ...misled.map(
      ({ model, seen }) =>
        `In ${Math.round(100 * seen.value)}% of images without ribs the network sees some after the autoencoder of ${model}: so many are no sign of ribs.`,
    ),
    ...(devices.length === 0 ? ["Devices are not looked for: no label of the data's classifier is one."] : []),
    ...(training < bench.train.length
      ? [
          `Quick: nearest images are sought among ${training} of ${bench.train.length} training images, so that copies of others are not found.`,
        ]
      : []),
    ...(bench.quick ? [`Quick: two-sample networks train for ${steps} steps instead of ${SETTINGS.whole.networkSteps}.`] : []),
  ];
}
