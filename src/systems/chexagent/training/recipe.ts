/** Recipes of CheXagent's four stages. Built-in ones are in `data/chexagent`. */

import type { QFormerConfig } from '../../../bridges';
import type { LlamaConfig } from '../../../decoders';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Optimisation } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import type { Blip2VisionConfig } from '../../../vision';
import { readRecipe } from '../../read-recipe';
import { instructTaskNames } from '../instruct/build';
import { type CheXagentConfig, checkCheXagentConfig, checkPreprocessing, type ImagePreprocessing } from '../network/config';

/** In their order: a clinical language model, an encoder of images beside their reports, the bridge between both, all tasks. */
export const cheXagentStages = ['language', 'vision', 'bridge', 'instructions'] as const;
export type CheXagentStage = (typeof cheXagentStages)[number];

export interface CheXagentRecipe {
  readonly name: string;
  readonly comment?: string;
  readonly vision: Blip2VisionConfig;
  readonly preprocessing: ImagePreprocessing;
  readonly qformer: QFormerConfig;
  readonly queries: number;
  /** Mistral's sizes; the vocabulary follows. */
  readonly language: Omit<LlamaConfig, 'model_type' | 'vocab_size'>;
  /** Tokens of a vocabulary made of the training texts. */
  readonly vocabulary_size: number;
  /** Tokens of question and answer, without the images'. */
  readonly text_length: number;
  readonly stages: Readonly<Record<CheXagentStage, Optimisation>>;
  /** Stages that are left out, to see what they are for. */
  readonly without: readonly Exclude<CheXagentStage, 'instructions'>[];
  /** Samples of each task, and of those under `samples` so many of their own; `tasks` by name, all where left out. */
  readonly instruct: {
    readonly per_task: number;
    readonly samples?: Readonly<Record<string, number>>;
    readonly tasks?: readonly string[];
  };
  /** The most tokens of an answer. */
  readonly max_tokens: number;
  /** Studies of the phantom; `texts` are those of which the language model reads the reports alone. */
  readonly phantom: { readonly train: number; readonly test: number; readonly texts: number };
  readonly run: { readonly checkpoint_every: number };
}

const RECIPE: ShapeOf<CheXagentRecipe> = {
  name: is.text,
  comment: optional(is.text),
  vision: is.object,
  preprocessing: is.object,
  qformer: is.object,
  queries: is.whole(1),
  language: is.object,
  vocabulary_size: is.whole(514),
  text_length: is.whole(8, 100_000),
  stages: { language: optimisationShape, vision: optimisationShape, bridge: optimisationShape, instructions: optimisationShape },
  without: is.list(is.oneOf('language', 'vision', 'bridge'), 0, 3),
  instruct: {
    per_task: is.whole(1),
    samples: optional(is.record(is.whole(1))),
    tasks: optional(is.list(is.oneOf(...instructTaskNames), 1)),
  },
  max_tokens: is.whole(1, 100_000),
  phantom: { train: is.whole(2), test: is.whole(1), texts: is.whole(1) },
  run: { checkpoint_every: is.whole(1) },
} as ShapeOf<CheXagentRecipe>;

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadCheXagentRecipe(nameOrFile: string): Promise<CheXagentRecipe> {
  const { recipe } = await readRecipe<CheXagentRecipe>({ system: 'chexagent', nameOrFile, names: 'phantom and small' }, (read, file) => {
    checkSettings(file, read, RECIPE);
    const config = cheXagentConfigOf(read, read.vocabulary_size);
    checkCheXagentConfig(config);
    checkPreprocessing(read.preprocessing, config);
  });
  return recipe;
}

/** The network's, with a vocabulary of so many tokens. */
export const cheXagentConfigOf = ({ vision, qformer, queries, language }: CheXagentRecipe, vocabulary: number): CheXagentConfig => ({
  model_type: 'chexagent',
  vision_config: vision,
  qformer_config: qformer,
  num_query_tokens: queries,
  text_config: { ...language, model_type: 'mistral', vocab_size: vocabulary },
});
