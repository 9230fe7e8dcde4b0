/** Several images of each prompt, and how alike they are: RoentGen's measure of diversity (arXiv:2211.12737, appendix A). */

import type { ImageRecord } from '../datasets';
import { readRange } from '../files/internal';
import { msSsimOfPairs } from '../metrics';
import { msSsimScales } from '../metrics/internal';
import type { Bench, EvaluatedModel } from './bench';
import { generatedImages, type ImageSet } from './image-set';
import { hasImagesOf } from './image-table';

/** Images of a prompt: six pairs. */
export const PER_PROMPT = 4;
/** Prompts that are enough for a mean where it is to be quick. */
const QUICK_PROMPTS = 32;

export interface SeveralOfAPrompt {
  readonly model: EvaluatedModel;
  readonly images: ImageSet;
  /** For each prompt the mean MS-SSIM over its pairs. */
  readonly byPrompt: Float64Array;
  /** Of all pairs, one prompt after another. */
  readonly byPair: Float64Array;
  /** Of MS-SSIM's five scales those that fit into the images. */
  readonly scales: number;
}

/** Whose images are in memory. */
const PROMPTS_AT_A_TIME = 16;

/** In a sentence, for results. */
export const msSsimDefinition = (scales: number): string =>
  `MS-SSIM between all pairs of ${PER_PROMPT} images of a prompt (window 11, deviation 1.5, K .01 and .03, weights .0448 .2856 .3001 .2363 .1333${
    scales < 5 ? `, of which images of this size have the finest ${scales}, brought to sum 1` : ''
  }); high where images are alike (v1)`;

/** The prompts that have several images. */
export const severalRecords = ({ records, quick }: Bench): readonly ImageRecord[] => (quick ? records.slice(0, QUICK_PROMPTS) : records);

/** Of all models; one of which images are given, and too few of a prompt, is left out, and a note says so. */
export async function severalOfAll(bench: Bench, notes: string[]): Promise<SeveralOfAPrompt[]> {
  const records = severalRecords(bench);
  const all: SeveralOfAPrompt[] = [];
  for (const model of bench.models)
    if (model.images && !hasImagesOf(model.images, records, PER_PROMPT))
      notes.push(`${model.name}: its table has fewer than ${PER_PROMPT} images of a prompt, so that there is no MS-SSIM of it.`);
    else all.push(await severalOfAPrompt(bench, model));
  return all;
}

/** Makes them, or reads what is kept. */
async function severalOfAPrompt(bench: Bench, model: EvaluatedModel): Promise<SeveralOfAPrompt> {
  const images = await generatedImages(bench, model, { records: severalRecords(bench), perPrompt: PER_PROMPT });
  const scales = msSsimScales(bench.size);
  const prompts = images.records.length / PER_PROMPT;
  const pairs = (PER_PROMPT * (PER_PROMPT - 1)) / 2;
  const [byPrompt, byPair] = [new Float64Array(prompts), new Float64Array(prompts * pairs)];
  const area = bench.size ** 2;
  for (let from = 0; from < prompts; from += PROMPTS_AT_A_TIME) {
    const to = Math.min(prompts, from + PROMPTS_AT_A_TIME);
    const pixels = await readRange(images.pixels, from * PER_PROMPT, to * PER_PROMPT);
    const [first, second] = [new Float32Array((to - from) * pairs * area), new Float32Array((to - from) * pairs * area)];
    let at = 0;
    for (let p = 0; p < to - from; p++)
      for (let i = 0; i < PER_PROMPT; i++)
        for (let j = i + 1; j < PER_PROMPT; j++, at += area) {
          const image = (k: number): Float32Array => pixels.subarray((p * PER_PROMPT + k) * area, (p * PER_PROMPT + k + 1) * area);
          first.set(image(i), at);
          second.set(image(j), at);
        }
    byPair.set(await msSsimOfPairs(first, second, bench.size, { scales, ...(bench.signal && { signal: bench.signal }) }), from * pairs);
    bench.progress(`MS-SSIM of ${model.name}`, to, prompts);
  }
  for (let p = 0; p < prompts; p++) byPrompt[p] = byPair.subarray(p * pairs, (p + 1) * pairs).reduce((a, b) => a + b, 0) / pairs;
  return { model, images, byPrompt, byPair, scales };
}
