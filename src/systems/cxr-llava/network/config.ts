/** What shapes CXR-LLaVA's network: the `config.json` of its second version, or the same with the first one's image encoder. */

import type { LlamaConfig } from '../../../decoders';
import { languageModelShapes } from '../../../decoders/internal';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import { type LlavaVisionSettings, llavaVision } from './vision';

export interface CxrLlavaConfig extends LlavaVisionSettings {
  readonly model_type: 'CXR-LLAVA';
  /** The language model. */
  readonly llama: Omit<LlamaConfig, 'model_type'> & { readonly model_type?: 'llama' };
  /** Channels of the vision encoder's own output, which is not used here. */
  readonly clip_embed_dim?: number;
  /** Channels that the projector takes: those of the vision encoder. */
  readonly mm_projector_dim: number;
  /** Dialogues are written by the folder's own template, as of another language model than Llama 2. */
  readonly dialogue?: 'chat_template';
}

const CONFIG: ShapeOf<CxrLlavaConfig> = {
  model_type: is.oneOf('CXR-LLAVA'),
  llama: is.object,
  clip_vision_cfg: optional(is.object),
  resnet_cfg: optional({ size: is.whole(16), resnet: is.object, places: is.oneOf('layer2', 'layer3', 'layer4') }),
  clip_embed_dim: optional(is.whole(1)),
  image_preprocess_cfg: { mean: is.number(0, 1), std: is.number(1e-6) },
  mm_projector_dim: is.whole(1),
  dialogue: optional(is.oneOf('chat_template')),
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

export const languageConfigOf = ({ llama }: CxrLlavaConfig): LlamaConfig => ({ ...llama, model_type: 'llama' });

/** @throws RangeError naming what of the config can't be worked with */
export function checkCxrLlavaConfig(config: CxrLlavaConfig): void {
  checkSettings('cxr-llava', config, CONFIG, PUBLISHED);
  languageModelShapes(languageConfigOf(config));
  const { channels } = llavaVision(config);
  if (config.mm_projector_dim !== channels)
    throw new RangeError(`cxr-llava: mm_projector_dim is ${config.mm_projector_dim}, and the vision encoder has ${channels} channels`);
}
