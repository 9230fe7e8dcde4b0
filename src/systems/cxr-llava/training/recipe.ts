/** Recipes of CXR-LLaVA's stages. Built-in ones are in `data/cxr-llava`. */

import type { LlamaConfig } from '../../../decoders';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Optimisation } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import type { ImageEncoderConfig, OpenClipVisionConfig } from '../../../vision';
import { readRecipe } from '../../read-recipe';
import { type CxrLlavaConfig, checkCxrLlavaConfig } from '../network/config';
import { type LlavaVision, llavaVision } from '../network/vision';

/** In their order. */
export const llavaStages = ['vision', 'language', 'alignment', 'projector', 'dialogues'] as const;
export type LlavaStage = (typeof llavaStages)[number];

/** What the encoder of images learns before it stays as it is: the images' labels; those, and then to find them as texts, as in the first version; or nothing, for comparison. */
export const visionLessons = ['labels', 'labels and their texts', 'nothing'] as const;
export type VisionLesson = (typeof visionLessons)[number];

export interface LlavaDecoding {
  /** At most 0.001: the likeliest tokens are taken. */
  readonly temperature: number;
  readonly top_p: number;
  readonly max_tokens: number;
}

export interface LlavaRecipe {
  readonly name: string;
  readonly comment?: string;
  /** The encoder's, of the second version or of the first; one channel. */
  readonly vision: OpenClipVisionConfig | ImageEncoderConfig;
  readonly image_preprocess_cfg: CxrLlavaConfig['image_preprocess_cfg'];
  /** Sizes; the vocabulary follows. */
  readonly language: Omit<LlamaConfig, 'model_type' | 'vocab_size' | 'tie_word_embeddings'>;
  /** Tokens of a vocabulary made of the training texts. */
  readonly vocabulary_size: number;
  /** Tokens of question and answer, without the image's. */
  readonly text_length: number;
  readonly learns: VisionLesson;
  /** `alignment` where the encoder learns texts. */
  readonly stages: Readonly<Record<Exclude<LlavaStage, 'alignment'>, Optimisation>> & { readonly alignment?: Optimisation };
  readonly decoding: LlavaDecoding;
  /** Studies of the phantom; `texts` are those of which the language model reads the reports alone. */
  readonly phantom: { readonly train: number; readonly test: number; readonly texts: number };
  readonly run: { readonly checkpoint_every: number };
}

const RECIPE: ShapeOf<LlavaRecipe> = {
  name: is.text,
  comment: optional(is.text),
  vision: is.object,
  image_preprocess_cfg: { mean: is.number(0, 1), std: is.number(1e-6) },
  language: is.object,
  vocabulary_size: is.whole(514),
  text_length: is.whole(8, 100_000),
  learns: is.oneOf(...visionLessons),
  stages: {
    vision: optimisationShape,
    language: optimisationShape,
    alignment: optional(optimisationShape),
    projector: optimisationShape,
    dialogues: optimisationShape,
  },
  decoding: { temperature: is.number(0), top_p: is.number(1e-6, 1), max_tokens: is.whole(1, 100_000) },
  phantom: { train: is.whole(2), test: is.whole(1), texts: is.whole(1) },
  run: { checkpoint_every: is.whole(1) },
} as ShapeOf<LlavaRecipe>;

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadLlavaRecipe(nameOrFile: string): Promise<LlavaRecipe> {
  const { recipe } = await readRecipe<LlavaRecipe>(
    { system: 'cxr-llava', nameOrFile, names: 'phantom, first-version and small' },
    (read, file) => {
      checkSettings(file, read, RECIPE);
      const { learns, stages } = read;
      if ((learns === 'labels and their texts') !== (stages.alignment !== undefined))
        throw new RangeError(`${file}: stages.alignment belongs to learns "labels and their texts"; it is ${JSON.stringify(learns)}`);
      checkCxrLlavaConfig(llavaConfigOf(read, read.vocabulary_size));
    },
  );
  return recipe;
}

/** The encoder under its form's name. */
const visionOf = (vision: LlavaRecipe['vision']): Pick<CxrLlavaConfig, 'clip_vision_cfg' | 'resnet_cfg'> =>
  'resnet' in vision ? { resnet_cfg: vision } : { clip_vision_cfg: vision };

/** The encoder of a recipe. */
export const llavaVisionOf = ({ vision, image_preprocess_cfg }: LlavaRecipe): LlavaVision =>
  llavaVision({ ...visionOf(vision), image_preprocess_cfg });

/** The network's, with a vocabulary of so many tokens. */
export function llavaConfigOf({ vision, image_preprocess_cfg, language }: LlavaRecipe, vocabulary: number): CxrLlavaConfig {
  const encoder = visionOf(vision);
  const { channels } = llavaVision({ ...encoder, image_preprocess_cfg });
  return {
    model_type: 'CXR-LLAVA',
    llama: { ...language, vocab_size: vocabulary },
    ...encoder,
    ...('clip_vision_cfg' in encoder && { clip_embed_dim: channels }),
    image_preprocess_cfg,
    mm_projector_dim: channels,
  };
}
