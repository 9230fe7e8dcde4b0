/** What shapes CheXagent-2-3b's network: SigLIP's encoder before Phi. */

import type { PhiConfig } from '../../../decoders';
import { languageModelShapes } from '../../../decoders/internal';
import { checkSettings, is, type ShapeOf } from '../../../files/internal';
import type { SiglipVisionConfig } from '../../../vision';
import { completeSiglipVisionConfig } from '../../../vision/internal';

/** Phi's settings, with those of what stands before it. */
export interface CheXagent2Config extends Omit<PhiConfig, 'model_type'> {
  readonly model_type: 'chexagent';
  readonly visual: {
    /** Pixels of an image's side: 512 in the release. */
    readonly image_size: number;
    /** Channels of the language model. */
    readonly output_dim: number;
  };
  /** The image encoder's, where it is not the release's, ViT-L/16; published folders leave it to the encoder's own. */
  readonly vision_config?: SiglipVisionConfig;
}

const VISUAL: ShapeOf<CheXagent2Config['visual']> = { image_size: is.whole(1), output_dim: is.whole(1) };

/** Notes of published files. */
const PUBLISHED = { vision_model_name_or_path: is.anything, training: is.anything, use_hd: is.anything };

/** What `config.json` of the second family has, and that of the first has not. */
export const isOfCheXagent2 = (config: object): boolean => 'visual' in config;

/** SigLIP's ViT-L/16, as published, with what a config says otherwise. */
const visionOf = ({ visual, vision_config }: CheXagent2Config): SiglipVisionConfig => ({
  model_type: 'siglip_vision_model',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  patch_size: 16,
  ...vision_config,
  image_size: visual.image_size,
});

/** Parts under the names of the networks that they are. */
export function partsOf2(config: CheXagent2Config): { readonly vision: SiglipVisionConfig; readonly language: PhiConfig } {
  const { visual: _, vision_config: __, auto_map: ___, ...language } = config as CheXagent2Config & { auto_map?: unknown };
  return { vision: visionOf(config), language: { ...language, model_type: 'phi' } };
}

/** @throws RangeError naming what of the config can't be worked with */
export function checkCheXagent2Config(config: CheXagent2Config): void {
  checkSettings('chexagent: visual', config.visual, VISUAL, PUBLISHED);
  const { vision, language } = partsOf2(config);
  languageModelShapes(language);
  const { image_size: size, patch_size: patch } = completeSiglipVisionConfig(vision);
  if (size % patch !== 0) throw new RangeError(`chexagent: visual.image_size is ${size}, not a multiple of the patches' ${patch} pixels`);
  const { hidden_size: width = 2048 } = language;
  if (config.visual.output_dim !== width)
    throw new RangeError(`chexagent: visual.output_dim is ${config.visual.output_dim}, and the language model has ${width} channels`);
}
