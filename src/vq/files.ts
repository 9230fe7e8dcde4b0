/** The folder of a VQModel: `config.json` and `diffusion_pytorch_model.safetensors`. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { completeVqConfig, type VqConfig } from './config';
import { type VqParams, vqShapes } from './parameters';

export interface VqModel {
  readonly config: VqConfig;
  /** The caller disposes it. */
  readonly params: VqParams;
}

/**
 * Reads a folder such as `vqvae/` of a diffusers model.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadVq(folder: string): Promise<VqModel> {
  const config = await readObject<VqConfig>(join(folder, 'config.json'), vqShapes);
  const params = await loadParameters(folder, { file: 'diffusion_pytorch_model', expected: vqShapes(config) });
  return { config, params: params as VqParams };
}

/** Writes a folder that diffusers' VQModel.from_pretrained reads. */
export async function saveVq(folder: string, { config, params }: VqModel): Promise<void> {
  completeVqConfig(config);
  await saveParameters(folder, 'diffusion_pytorch_model', params);
  await writeJson(join(folder, 'config.json'), { _class_name: 'VQModel', ...config });
}
