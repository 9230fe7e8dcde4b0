/** The folder of a VQModel: `config.json` and weights, in `diffusion_pytorch_model.safetensors` or `model.safetensors`. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { vaeKey } from '../vae/internal';
import { completeVqConfig, type VqConfig } from './config';
import { type VqParams, vqShapes } from './parameters';

export interface VqModel {
  readonly config: VqConfig;
  /** The caller disposes it. */
  readonly params: VqParams;
}

/** What a checkpoint of taming-transformers holds besides: its loss's networks. */
const BESIDE = /^loss\./;
const isFirst = (keys: ReadonlySet<string>): boolean => keys.has('encoder.mid.block_1.conv1.weight');

/**
 * Reads a folder such as `vqvae/` of a diffusers model, or a checkpoint of taming-transformers (its `state_dict` as `model.safetensors`, with a VQModel's
 * `config.json` beside it).
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadVq(folder: string): Promise<VqModel> {
  const config = await readObject<VqConfig>(join(folder, 'config.json'), vqShapes);
  const levels = completeVqConfig(config).block_out_channels.length;
  const params = await loadParameters(folder, {
    expected: vqShapes(config),
    rename: (key, keys) => (!isFirst(keys) ? key : BESIDE.test(key) ? undefined : vaeKey(key, levels)),
  });
  return { config, params: params as VqParams };
}

/** Writes a folder that diffusers' VQModel.from_pretrained reads. */
export async function saveVq(folder: string, { config, params }: VqModel): Promise<void> {
  completeVqConfig(config);
  await saveParameters(folder, 'diffusion_pytorch_model', params);
  await writeJson(join(folder, 'config.json'), { _class_name: 'VQModel', ...config });
}
