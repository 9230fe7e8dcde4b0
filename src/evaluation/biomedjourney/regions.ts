/** Whether region maps lie where images change: against the pixels that exact counterfactuals change. */

import { auroc } from '../../metrics';
import { type EditRegion, editRegions, type InputImage, type Model, regionMask } from '../../pipelines';
import { CHANGED } from '../../systems';
import type { JourneyTruth } from './truth';

/** The fraction of its largest value from which on a map is the region that is edited. InstructX2X takes 0.1 of another scale; here it is a choice. */
export const REGION_FRACTION = 0.3;

export interface MeasuredRegions {
  readonly maps: readonly EditRegion[];
  /** Where edits are to stay within. */
  readonly masks: readonly InputImage[];
  /** Of each journey: how well the map ranks the pixels that change above the others; NaN where none changes. */
  readonly area: Float64Array;
  /** Fraction of the image's pixels in its mask. */
  readonly covered: Float64Array;
}

const whole = ({ width, height }: EditRegion): InputImage => ({
  pixels: new Float32Array(width * height).fill(1),
  width,
  height,
  channels: 1,
});

/** Maps of all journeys' instructions; where one changes nothing anywhere, its mask is the whole image. @throws the signal's reason */
export async function measureRegions(
  model: Model,
  { size, count, priors, exact, instructions }: JourneyTruth,
  options: { readonly seed: number; readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<MeasuredRegions> {
  const { seed, signal, onProgress } = options;
  const area = size * size;
  const maps: EditRegion[] = [];
  for (let i = 0; i < count; i++) {
    const image: InputImage = { pixels: priors.subarray(i * area, (i + 1) * area), width: size, height: size, channels: 1 };
    const [map] = await editRegions(model, { prompts: [instructions[i]!], images: [image], seed, ...(signal && { signal }) });
    maps.push(map!);
    onProgress?.(i + 1, count);
  }
  const masks = maps.map((map) => (map.values.some((value) => value > 0) ? regionMask(map, REGION_FRACTION) : whole(map)));
  return {
    maps,
    masks,
    area: Float64Array.from(maps, ({ values }, i) => {
      const changes = Array.from({ length: area }, (_, k) => Number(Math.abs(exact[i * area + k]! - priors[i * area + k]!) >= CHANGED));
      return auroc(values, changes);
    }),
    covered: Float64Array.from(masks, ({ pixels }) => pixels.reduce((sum, value) => sum + value, 0) / area),
  };
}
