/** The same patient through a list of instructions: each result is what the next one changes. */

import { type EditOptions, editImage } from './edit';
import { editRegions, regionMask } from './edit-regions';
import type { InputImage } from './image-input';
import type { GeneratedImage } from './images';
import type { Model } from './model';

export interface TrajectoryOptions extends Omit<EditOptions, 'images' | 'masks' | 'imagesPerPrompt' | 'batchSize' | 'part' | 'onImages'> {
  /** Where it begins. */
  readonly image: InputImage;
  /** Each stage changes only its own region, from this fraction of the region map's largest value on (`regionMask`); by default all of the image. */
  readonly region?: number;
}

/**
 * Edits an image by the first prompt, the result by the second, and so on. All stages start from the same noise, so that what differs is not of it. What the
 * autoencoder loses is lost at each stage again.
 *
 * @returns the stages in the prompts' order
 * @throws as `editImage`
 */
export async function editTrajectory(
  model: Model,
  { image, region, prompts, onStep, ...options }: TrajectoryOptions,
): Promise<GeneratedImage[]> {
  const stages: GeneratedImage[] = [];
  for (const [stage, prompt] of prompts.entries()) {
    const request = { prompts: [prompt], images: [stages.at(-1) ?? image] };
    const masks =
      region === undefined ? undefined : (await editRegions(model, { ...options, ...request })).map((map) => regionMask(map, region));
    const [made] = await editImage(model, {
      ...options,
      ...request,
      ...(masks && { masks }),
      ...(onStep && {
        onStep: (progress) =>
          onStep({ ...progress, step: stage * progress.total + progress.step, total: prompts.length * progress.total, indices: [stage] }),
      }),
    });
    stages.push({ ...made!, made: { ...made!.made, stage: stage + 1 } });
  }
  return stages;
}
