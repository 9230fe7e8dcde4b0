/** The autoencoder's folder: `config.json` and `diffusion_pytorch_model.safetensors`. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { completeVaeConfig, type VaeConfig } from './config';
import { type VaeParams, vaeShapes } from './parameters';

export interface VaeModel {
  readonly config: VaeConfig;
  /** The caller disposes it. */
  readonly params: VaeParams;
}

/** Names of the attention's layers in files written before diffusers 0.17, Stable Diffusion 1.x's own among them. */
const OLD_NAMES: Readonly<Record<string, string>> = { query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' };

const renameOld = (key: string): string =>
  key.replace(/(\.attentions\.\d+\.)(query|key|value|proj_attn)\./, (_, before: string, name: string) => `${before}${OLD_NAMES[name]}.`);

/**
 * Reads a folder such as `vae/` of a Stable Diffusion model.
 *
 * @param variant such as `fp16`, where the folder has its file
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadVae(folder: string, variant?: string): Promise<VaeModel> {
  const config = await readObject<VaeConfig>(join(folder, 'config.json'), vaeShapes);
  const params = await loadParameters(folder, { file: 'diffusion_pytorch_model', variant, expected: vaeShapes(config), rename: renameOld });
  return { config, params: params as VaeParams };
}

/** Writes a folder that diffusers' AutoencoderKL.from_pretrained reads. */
export async function saveVae(folder: string, { config, params }: VaeModel): Promise<void> {
  completeVaeConfig(config);
  await saveParameters(folder, 'diffusion_pytorch_model', params);
  await writeJson(join(folder, 'config.json'), { _class_name: 'AutoencoderKL', ...config });
}
