/** CLIP's folders: `config.json` and `model.safetensors`. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { type ClipParams, clipShapes } from './clip';
import type { ClipConfig, ClipTextConfig, ClipVisionConfig } from './clip-config';
import { type ClipTextParams, clipTextShapes } from './clip-text';
import { type ClipVisionParams, clipVisionShapes } from './clip-vision';

export interface ClipTextModel {
  readonly config: ClipTextConfig;
  /** The caller disposes it. */
  readonly params: ClipTextParams;
}

export interface ClipVisionModel {
  readonly config: ClipVisionConfig;
  /** The caller disposes it. */
  readonly params: ClipVisionParams;
}

export interface ClipModel {
  readonly config: ClipConfig;
  /** The caller disposes it. */
  readonly params: ClipParams;
}

/** Files of Stable Diffusion have the prefix `text_model.`, those of transformers 5 have not; old ones list the positions 0, 1, 2 … */
function textKey(key: string): string | undefined {
  if (key.endsWith('embeddings.position_ids')) return undefined;
  return /^(embeddings|encoder|final_layer_norm)\./.test(key) ? `text_model.${key}` : key;
}

/** Files of transformers 5 may lack the prefix `vision_model.`. */
function visionKey(key: string): string | undefined {
  if (key.endsWith('embeddings.position_ids')) return undefined;
  return /^(embeddings|pre_layrnorm|encoder|post_layernorm)\./.test(key) ? `vision_model.${key}` : key;
}

const towersKey = (key: string): string | undefined => (key.endsWith('embeddings.position_ids') ? undefined : key);

/**
 * Reads a folder such as `text_encoder/` of a Stable Diffusion model, or another safetensors file with that folder's config.
 *
 * @param file    stem of the file, default `model`
 * @param variant such as `fp16`, where the folder has its file
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadClipText(folder: string, file: string = 'model', variant?: string): Promise<ClipTextModel> {
  const config = await readObject<ClipTextConfig>(join(folder, 'config.json'), clipTextShapes);
  const params = await loadParameters(folder, { file, variant, expected: clipTextShapes(config), rename: textKey });
  return { config, params: params as ClipTextParams };
}

/** Writes a folder in Stable Diffusion's form, with the prefix `text_model.`, which transformers reads. */
export async function saveClipText(folder: string, { config, params }: ClipTextModel): Promise<void> {
  clipTextShapes(config);
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), { architectures: ['CLIPTextModel'], model_type: 'clip_text_model', ...config });
}

/**
 * Reads a folder of CLIPVisionModel or CLIPVisionModelWithProjection.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadClipVision(folder: string): Promise<ClipVisionModel> {
  const config = await readObject<ClipVisionConfig>(join(folder, 'config.json'), clipVisionShapes);
  const expected = (keys: ReadonlySet<string>): Record<string, number[]> =>
    clipVisionShapes(config, { projection: keys.has('visual_projection.weight') });
  return { config, params: await loadParameters<ClipVisionParams>(folder, { file: 'model', expected, rename: visionKey }) };
}

/**
 * Reads a folder of CLIPModel, both towers.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadClip(folder: string): Promise<ClipModel> {
  const config = await readObject<ClipConfig>(join(folder, 'config.json'), clipShapes);
  const params = await loadParameters(folder, { file: 'model', expected: clipShapes(config), rename: towersKey });
  return { config, params: params as ClipParams };
}

/** Writes a folder that transformers' CLIPModel.from_pretrained reads. */
export async function saveClip(folder: string, { config, params }: ClipModel): Promise<void> {
  clipShapes(config);
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), { architectures: ['CLIPModel'], model_type: 'clip', ...config });
}
