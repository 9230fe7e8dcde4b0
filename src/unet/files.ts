/** The U-Net's folder: `config.json` and `diffusion_pytorch_model.safetensors`. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { completeUNetConfig, type UNetConfig } from './config';
import { type UNetParams, unetShapes } from './parameters';

export interface UNetModel {
  readonly config: UNetConfig;
  /** The caller disposes it. */
  readonly params: UNetParams;
}

/**
 * Reads a folder such as `unet/` of a Stable Diffusion model.
 *
 * @param variant such as `fp16`, where the folder has its file
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadUNet(folder: string, variant?: string): Promise<UNetModel> {
  const config = await readObject<UNetConfig>(join(folder, 'config.json'), unetShapes);
  const params = await loadParameters(folder, { file: 'diffusion_pytorch_model', variant, expected: unetShapes(config) });
  return { config, params: params as UNetParams };
}

/** Writes a folder that diffusers' UNet2DConditionModel.from_pretrained reads. */
export async function saveUNet(folder: string, { config, params }: UNetModel): Promise<void> {
  completeUNetConfig(config);
  await saveParameters(folder, 'diffusion_pytorch_model', params);
  await writeJson(join(folder, 'config.json'), { _class_name: 'UNet2DConditionModel', ...config });
}
