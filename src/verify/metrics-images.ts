/** Likeness of images against pytorch-msssim, torchmetrics and scikit-image, each with its own rule for borders. */

import { join } from 'node:path';
import { readImage } from '../files';
import { readJson } from '../files/internal';
import { type GreyPixels, msSsim, psnr, type SsimOptions, ssim } from '../metrics';
import { gaussianWindow, meanAbsoluteError, meanSquaredError } from '../metrics/internal';
import type { Checker, Measure } from './checker';
import { has } from './fixture';
import { rel } from './measure';

type Case = { readonly x: string; readonly y: string } & Readonly<Record<string, number | string | null>>;

const RANGE = 255;
const TOLERANCE = 1e-4;
const mirror: SsimOptions = { range: RANGE, border: 'mirror' };
const uniform: SsimOptions = { range: RANGE, window: Array<number>(7).fill(1 / 7), sampleCovariance: true };

/** What each column of the file is. */
const columns: Readonly<Record<string, (x: GreyPixels, y: GreyPixels) => number>> = {
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  psnr: (x, y) => psnr(x, y, RANGE),
  ssim_pytorch_msssim: (x, y) => ssim(x, y, { range: RANGE }),
  ms_ssim_pytorch_msssim: (x, y) => msSsim(x, y, { range: RANGE }),
  ssim_torchmetrics: (x, y) => ssim(x, y, mirror),
  ms_ssim_torchmetrics_normalize_relu: (x, y) => msSsim(x, y, mirror),
  ssim_skimage_gaussian: (x, y) => ssim(x, y, { range: RANGE, window: gaussianWindow(11, 1.5) }),
  ssim_skimage_uniform7: (x, y) => ssim(x, y, uniform),
};

export const metricsImagesChecker: Checker = {
  component: 'metrics',
  cases: async (folder) => (has(folder, 'images.json') ? ['images'] : []),
  async *check(folder): AsyncIterable<Measure> {
    const { cases } = (await readJson(join(folder, 'images.json'))) as unknown as { cases: readonly Case[] };
    const names = [...new Set(cases.flatMap(({ x, y }) => [x, y]))];
    const pictures: Record<string, GreyPixels> = {};
    for (const name of names) pictures[name] = await greyImage(join(folder, 'images', `${name}.png`));
    for (const [column, measure] of Object.entries(columns)) {
      const compared = cases.filter((one) => typeof one[column] === 'number');
      const got = compared.map(({ x, y }) => measure(pictures[x]!, pictures[y]!));
      if (compared.length > 0)
        yield rel(
          column,
          got,
          compared.map((one) => one[column] as number),
          TOLERANCE,
        );
    }
  },
};

async function greyImage(path: string): Promise<GreyPixels> {
  const { data, width, height, channels } = await readImage(path);
  if (channels !== 1) throw new Error(`${path}: expected a grey picture, got ${channels} channels`);
  return { pixels: data, width, height };
}
