/** A recipe in one folder: the autoencoder of codes, then the network over text and codes. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose, foldIn, type Key, type Tree } from '../../../engine';
import { trainVq, type Watched } from '../../../training';
import { type CodebookUse, codebookUse, initVq, loadVq, saveVq, type VqModel } from '../../../vq';
import { completeVqConfig } from '../../../vq/internal';
import type { ViewStudies } from '../data/studies';
import { imageCodes, reportVocabulary, tokeniseStudies } from '../data/tokens';
import { autoencoderHash, loadViewxgen, saveViewxgen, type ViewxgenModel } from '../network/files';
import { type ViewxgenRecipe, viewxgenConfigOf, vqConfigOf } from './recipe';
import { trainSequence } from './train-sequence';

export const viewxgenStages = ['autoencoder', 'sequence'] as const;
export type ViewxgenStage = (typeof viewxgenStages)[number];

export interface FitViewxgenOptions {
  readonly recipe: ViewxgenRecipe;
  readonly data: ViewStudies;
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** How a stage's training is watched and kept. */
  readonly watch?: (stage: ViewxgenStage) => Omit<Watched, 'signal'>;
  /** Of images that are made codes of. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what was left out, a sentence with counts. */
  readonly onNote?: (note: string) => void;
}

/** What a folder of a run holds. */
export const viewxgenParts = (out: string): Record<'autoencoder' | 'model', string> => ({
  autoencoder: join(out, 'autoencoder', 'model'),
  model: join(out, 'model'),
});

const isThere = (folder: string): boolean => existsSync(join(folder, 'config.json'));

/**
 * The autoencoder: trained, or as the folder has it.
 *
 * @returns the caller disposes its parameters
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitAutoencoder({ recipe, data, key, signal, watch }: FitViewxgenOptions, folder: string): Promise<VqModel> {
  if (isThere(folder)) return await loadVq(folder);
  const { weights, crop, optimisation } = recipe.autoencoder;
  const config = vqConfigOf(recipe);
  const initial = initVq(config, foldIn(key, 0));
  try {
    const { params, interrupted } = await trainVq({
      config,
      params: initial,
      pixels: data.pixels,
      size: recipe.size,
      weights,
      optimisation,
      key: foldIn(key, 1),
      ...(crop !== undefined && { crop }),
      ...(signal && { signal }),
      ...watch?.('autoencoder'),
    });
    const model = { config, params };
    if (interrupted) {
      dispose(params as Tree);
      signal?.throwIfAborted();
      throw new Error('the training was interrupted; run it again');
    }
    await saveVq(folder, model);
    return model;
  } finally {
    dispose(initial as Tree);
  }
}

/**
 * Trains both; what is finished in the folder is taken from there.
 *
 * @returns the caller disposes the model's parameters and its autoencoder's
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitViewxgen(options: FitViewxgenOptions, out: string): Promise<ViewxgenModel> {
  const parts = viewxgenParts(out);
  if (isThere(parts.model)) return await loadViewxgen(parts.model);
  const vq = await fitAutoencoder(options, parts.autoencoder);
  try {
    return await fitSequence(options, { folder: parts.model, vq, autoencoder: await autoencoderHash(parts.autoencoder) });
  } catch (error) {
    dispose(vq.params as Tree);
    throw error;
  }
}

/** What the network is trained on, and where it goes. */
export interface SequenceParts {
  readonly folder: string;
  /** Taken over by the model. */
  readonly vq: VqModel;
  readonly autoencoder: string;
}

/** The network over text and codes: trained, or as the folder has it. Throws as `fitViewxgen`. */
export async function fitSequence(options: FitViewxgenOptions, { folder, vq, autoencoder }: SequenceParts): Promise<ViewxgenModel> {
  const { recipe, data, key, signal, watch, onProgress, onNote } = options;
  const tokenizer = reportVocabulary(data, recipe.vocabulary_size, recipe.network.text_length);
  const reading = { size: recipe.size, autoencoder, ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const { studies, cut } = await tokeniseStudies(vq, tokenizer, data, reading);
  if (cut > 0) onNote?.(`${cut} of ${studies.length} reports are longer than is read and are cut.`);
  const config = viewxgenConfigOf(recipe, tokenizer);
  const { params } = await trainSequence({
    recipe,
    config,
    studies,
    key: foldIn(key, 2),
    ...(signal && { signal }),
    ...watch?.('sequence'),
  });
  const model = { config, params, tokenizer, vq };
  await saveViewxgen(folder, model);
  return model;
}

/** How the codebook is used by images. */
export async function useOfCodes(
  vq: VqModel,
  data: Pick<ViewStudies, 'pixels'>,
  options: Parameters<typeof imageCodes>[2],
): Promise<CodebookUse> {
  return codebookUse(await imageCodes(vq, data, options), completeVqConfig(vq.config).num_vq_embeddings);
}
