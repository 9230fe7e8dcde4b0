/** What shapes CXR-LLaVA's network: the `config.json` of its second version. */

import type { LlamaConfig } from '../../../decoders';
import { languageModelShapes } from '../../../decoders/internal';
import { checkSettings, is, type ShapeOf } from '../../../files/internal';
import type { OpenClipVisionConfig } from '../../../vision';
import { completeOpenClipVisionConfig } from '../../../vision/internal';

export interface CxrLlavaConfig {
  readonly model_type: 'CXR-LLAVA';
  /** The language model. */
  readonly llama: Omit<LlamaConfig, 'model_type'> & { readonly model_type?: 'llama' };
  readonly clip_vision_cfg: OpenClipVisionConfig;
  /** Channels of the vision encoder's own output, which is not used here. */
  readonly clip_embed_dim: number;
  /** What images are brought to: less the mean, over the standard deviation, of pixels of 0 to 1. */
  readonly image_preprocess_cfg: { readonly mean: number; readonly std: number };
  /** Channels that the projector takes: those of the vision encoder. */
  readonly mm_projector_dim: number;
}

const CONFIG: ShapeOf<CxrLlavaConfig> = {
  model_type: is.oneOf('CXR-LLAVA'),
  llama: is.object,
  clip_vision_cfg: is.object,
  clip_embed_dim: is.whole(1),
  image_preprocess_cfg: { mean: is.number(0, 1), std: is.number(1e-6) },
  mm_projector_dim: is.whole(1),
} as ShapeOf<CxrLlavaConfig>;

/** Notes of published files. */
const PUBLISHED = {
  clip_vision_tower_dtype: is.anything,
  architectures: is.anything,
  auto_map: is.anything,
  torch_dtype: is.anything,
  dtype: is.anything,
  transformers_version: is.anything,
};

/** One channel where the config does not say. */
export const visionConfigOf = ({ clip_vision_cfg }: Pick<CxrLlavaConfig, 'clip_vision_cfg'>): OpenClipVisionConfig => ({
  in_channels: 1,
  ...clip_vision_cfg,
});

export const languageConfigOf = ({ llama }: CxrLlavaConfig): LlamaConfig => ({ ...llama, model_type: 'llama' });

/** @throws RangeError naming what of the config can't be worked with */
export function checkCxrLlavaConfig(config: CxrLlavaConfig): void {
  checkSettings('cxr-llava', config, CONFIG, PUBLISHED);
  languageModelShapes(languageConfigOf(config));
  const { width } = completeOpenClipVisionConfig(visionConfigOf(config));
  if (config.mm_projector_dim !== width)
    throw new RangeError(`cxr-llava: mm_projector_dim is ${config.mm_projector_dim}, and the vision encoder has ${width} channels`);
}
