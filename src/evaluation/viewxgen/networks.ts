/** The networks that are compared, and studies as they see them. */

import { join } from 'node:path';
import { dispose, type Tree } from '../../engine';
import {
  autoencoderHash,
  fitAutoencoder,
  fitSequence,
  type ImagePart,
  imageCodes,
  type LearntPart,
  type ViewxgenModel,
  type ViewxgenRecipe,
} from '../../systems';
import { loadVq } from '../../vq';
import { hashOf } from '../hash-of';
import { JOINT, type ViewxgenEvaluationOptions } from './options';

/** The network of both tasks and those of one, on one autoencoder: trained, or as they are there. */
export async function networksOf(
  options: ViewxgenEvaluationOptions,
): Promise<{ readonly networks: Record<LearntPart, ViewxgenModel>; readonly autoencoder: string }> {
  const { recipe, data, key, out, signal, onProgress } = options;
  const identityOf = (what: unknown): string =>
    hashOf(JSON.stringify([what, key, data.train.studies, data.train.pixels.identity])).slice(0, 16);
  const ofVq = identityOf([recipe.size, recipe.autoencoder]);
  const vqFolder = join(out, 'networks', ofVq);
  const fitOptions = (own: ViewxgenRecipe, folder: string, name: string) => ({
    recipe: own,
    data: data.train,
    key,
    ...(signal && { signal }),
    watch: () => ({
      onStep: ({ step, steps }: { step: number; steps: number }) => onProgress?.(`training of ${name}`, step, steps),
      checkpoints: { folder: join(folder, 'checkpoints'), identity: folder, resume: 'always', every: recipe.run.checkpoint_every } as const,
    }),
    onProgress: (done: number, total: number) => onProgress?.('codes of images', done, total),
  });
  dispose((await fitAutoencoder(fitOptions(recipe, vqFolder, 'the autoencoder'), vqFolder)).params as Tree);
  const autoencoder = await autoencoderHash(vqFolder);
  const made: Partial<Record<LearntPart, ViewxgenModel>> = {};
  try {
    for (const learns of ['both', 'text', 'image'] as const) {
      const own = { ...recipe, learns };
      const folder = join(out, 'networks', identityOf([own, ofVq]));
      const name = { both: JOINT, text: 'a network of reports alone', image: 'a network of views alone' }[learns];
      made[learns] = await fitSequence(fitOptions(own, folder, name), { folder, vq: await loadVq(vqFolder), autoencoder });
    }
    return { networks: made as Record<LearntPart, ViewxgenModel>, autoencoder };
  } catch (error) {
    for (const model of Object.values(made)) dispose(model.params as Tree, model.vq.params as Tree);
    throw error;
  }
}

/** The test studies as the networks see them. */
export async function partsOf(
  { recipe, data, signal }: ViewxgenEvaluationOptions,
  { vq }: ViewxgenModel,
  autoencoder: string,
): Promise<ImagePart[][]> {
  const codes = await imageCodes(vq, data.test, { size: recipe.size, autoencoder, ...(signal && { signal }) });
  const places = codes.length / data.test.pixels.length;
  return data.test.studies.map(({ images }) =>
    images.map(({ view, row }): ImagePart => ({ kind: 'image', view, codes: codes.subarray(row * places, (row + 1) * places) })),
  );
}
