/** What shapes CheXagent-8b's network: BLIP-2's encoder and Q-Former before Mistral. */

import type { QFormerConfig } from '../../../bridges';
import type { LlamaConfig } from '../../../decoders';
import { languageModelShapes } from '../../../decoders/internal';
import { checkSettings, is, type ShapeOf } from '../../../files/internal';
import type { Blip2VisionConfig } from '../../../vision';
import { completeBlip2VisionConfig } from '../../../vision/internal';

export interface CheXagentConfig {
  readonly model_type: 'chexagent';
  readonly vision_config: Blip2VisionConfig;
  /** Its channels and those of what it looks at. */
  readonly qformer_config: QFormerConfig;
  /** Learned queries: what an image becomes. 128 in the release. */
  readonly num_query_tokens: number;
  /** Mistral's. */
  readonly text_config: LlamaConfig;
}

/** What images are brought to: less the mean, over the standard deviation, of pixels of 0 to 1, by channel. */
export interface ImagePreprocessing {
  readonly image_mean: readonly number[];
  readonly image_std: readonly number[];
}

/** CLIP's, which BLIP-2 has as well. */
export const CLIP_PREPROCESSING: ImagePreprocessing = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

const CONFIG = {
  model_type: is.oneOf('chexagent'),
  vision_config: is.object,
  qformer_config: is.object,
  num_query_tokens: is.whole(1),
  text_config: is.object,
} as unknown as ShapeOf<CheXagentConfig>;

/** Notes of published files. */
const PUBLISHED = Object.fromEntries(
  (
    'architectures auto_map torch_dtype dtype transformers_version initializer_factor initializer_range is_encoder_decoder tie_word_embeddings ' +
    'use_decoder_only_language_model is_composition'
  )
    .split(' ')
    .map((key) => [key, is.anything]),
);

/** Parts under the names of the networks that they are, whatever the release calls them. */
export const partsOf = ({ vision_config, qformer_config, text_config }: CheXagentConfig) => ({
  vision: { ...vision_config, model_type: 'blip_2_vision_model' } as Blip2VisionConfig,
  qformer: { ...qformer_config, model_type: 'blip_2_qformer', use_qformer_text_input: false } as QFormerConfig,
  language: { ...text_config, model_type: 'mistral' } as LlamaConfig,
});

/** @throws RangeError naming what of the config can't be worked with */
export function checkCheXagentConfig(config: CheXagentConfig): void {
  checkSettings('chexagent', config, CONFIG, PUBLISHED);
  const { vision, qformer, language } = partsOf(config);
  languageModelShapes(language);
  const { hidden_size: seen } = completeBlip2VisionConfig(vision);
  const { encoder_hidden_size: looked = 1408 } = qformer;
  if (seen !== looked)
    throw new RangeError(`chexagent: qformer_config.encoder_hidden_size is ${looked}, and the image encoder has ${seen} channels`);
}

const PREPROCESSING: ShapeOf<ImagePreprocessing> = { image_mean: is.list(is.number(0, 1), 1), image_std: is.list(is.number(1e-6), 1) };

/** @throws RangeError where there are not as many means and deviations as channels */
export function checkPreprocessing(
  given: ImagePreprocessing,
  config: CheXagentConfig,
  others: Record<string, typeof is.anything> = {},
): void {
  checkSettings('chexagent: preprocessing', given, PREPROCESSING, others);
  const { num_channels } = completeBlip2VisionConfig(partsOf(config).vision);
  for (const [name, { length }] of Object.entries({ image_mean: given.image_mean, image_std: given.image_std }))
    if (length !== num_channels) throw new RangeError(`chexagent: ${name} has ${length} numbers, and images have ${num_channels} channels`);
}
