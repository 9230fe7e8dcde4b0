/** A language model that was trained elsewhere learns to answer about radiographs: the encoder and the model stay as they are, a projector and low-rank adapters train. */

import type { ChatModel, LlamaConfig, LlamaParams } from '../../../decoders';
import { cloneTree, dispose, flatten, foldIn, type Key, type Tree } from '../../../engine';
import { isNarrow } from '../../../engine/internal';
import type { MemoryEstimate } from '../../../experiments';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { LinearParams } from '../../../nn';
import { initialise, linearSpec } from '../../../nn/internal';
import { lowRankAdapters, withLora, withoutLora } from '../../../pipelines/internal';
import type { Optimisation, Watched } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import { imageStates } from '../../asking/image-states';
import { estimateAnswersMemory } from '../../asking/memory';
import type { Radiographs } from '../../asking/radiographs';
import { isFinished } from '../../asking/stages';
import { dialoguesOf, takenNote } from '../../asking/tokens';
import { trainAnswers } from '../../asking/train-answers';
import { readRecipe } from '../../read-recipe';
import { isPresenceQuestion, llavaInstructions } from '../data/instructions';
import type { CxrLlavaConfig } from '../network/config';
import { type CxrLlavaModel, loadCxrLlava, saveCxrLlava } from '../network/files';
import { askedCxrLlava, type CxrLlavaParams, cxrLlavaShapes } from '../network/model';

export interface AdaptRecipe {
  readonly name: string;
  readonly comment?: string;
  /** Of the adapters of attention's projections; what is added has weight alpha / rank. */
  readonly rank: number;
  readonly alpha: number;
  /** What is learnt: whether single findings are there, or all that CXR-LLaVA's dialogues ask. */
  readonly asks: 'presence' | 'all';
  /** Tokens of question and answer, the template's among them, without the image's. */
  readonly text_length: number;
  readonly optimisation: Optimisation;
  /** Studies of the phantom. */
  readonly phantom: { readonly train: number };
  readonly run: { readonly checkpoint_every: number };
}

const RECIPE: ShapeOf<AdaptRecipe> = {
  name: is.text,
  comment: optional(is.text),
  rank: is.whole(1, 4096),
  alpha: is.number(1e-6),
  asks: is.oneOf('presence', 'all'),
  text_length: is.whole(8, 100_000),
  optimisation: optimisationShape,
  phantom: { train: is.whole(2) },
  run: { checkpoint_every: is.whole(1) },
} as ShapeOf<AdaptRecipe>;

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadAdaptRecipe(nameOrFile: string): Promise<AdaptRecipe> {
  const { recipe } = await readRecipe<AdaptRecipe>({ system: 'cxr-llava/adapt', nameOrFile, names: 'smollm2' }, (read, file) =>
    checkSettings(file, read, RECIPE),
  );
  return recipe;
}

export interface AdaptLlavaOptions extends Watched {
  readonly recipe: AdaptRecipe;
  /** Whose encoder of images is taken; borrowed. */
  readonly model: Pick<CxrLlavaModel, 'config' | 'params'>;
  /** A Llama with a template; borrowed. */
  readonly language: ChatModel;
  readonly data: Radiographs;
  readonly key: Key;
  /** Of images that the encoder reads once. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what was cut, a sentence with counts. */
  readonly onNote?: (note: string) => void;
}

const TRAINS = /\.lora_[AB]\.weight$|^mm_projector\./;
/** The layers that get adapters. */
const ADAPTED = /^llama\.layers\.\d+\.self_attn\.[qkvo]_proj\.weight$/;

/** @throws RangeError where the language model is no Llama, comes without a template, or is kept in 16 bits */
export function adaptedConfig({ model, language }: Pick<AdaptLlavaOptions, 'model' | 'language'>): CxrLlavaConfig {
  const { config } = language;
  if (config.model_type !== 'llama')
    throw new RangeError(`cxr-llava: expected a language model of the type "llama", got ${JSON.stringify(config.model_type)}`);
  if (!language.chat) throw new RangeError('cxr-llava: the language model comes without a template of dialogues (chat_template)');
  if (Object.values(flatten(language.params)).some(isNarrow))
    throw new RangeError('cxr-llava: the language model does not fit into memory as float32, and adapters cannot be worked into 16 bits');
  const { model_type: _, ...llama } = config as LlamaConfig;
  return { ...model.config, llama, dialogue: 'chat_template' };
}

/** What the training needs of memory. */
export function estimateAdaptMemory({ recipe, model, language }: Pick<AdaptLlavaOptions, 'recipe' | 'model' | 'language'>): MemoryEstimate {
  const config = adaptedConfig({ model, language });
  const length = askedCxrLlava(config, language.chat).places + recipe.text_length;
  const shapes = cxrLlavaShapes(config);
  const adapters = Object.entries(shapes).flatMap(([path, shape]) =>
    ADAPTED.test(path)
      ? [
          [path.replace('.weight', '.lora_A.weight'), [shape[0]!, recipe.rank]] as const,
          [path.replace('.weight', '.lora_B.weight'), [recipe.rank, shape[1]!]] as const,
        ]
      : [],
  );
  const all = { ...shapes, ...Object.fromEntries(adapters) };
  return estimateAnswersMemory({ shapes: all, trains: (path) => TRAINS.test(path), language: config.llama, length }, recipe.optimisation);
}

/**
 * Trains projector and adapters, works the adapters into the weights and writes a model's folder; a finished one is read.
 *
 * @returns the caller disposes its parameters
 * @throws RangeError as `adaptedConfig`; the signal's reason where it was raised: with checkpoints the same call goes on
 */
export async function adaptLlava(options: AdaptLlavaOptions, folder: string): Promise<CxrLlavaModel> {
  if (isFinished(folder)) return await loadCxrLlava(folder);
  const { recipe, model, language, data, key, signal, onStart, onStep, checkpoints, onProgress, onNote } = options;
  const config = adaptedConfig(options);
  const { tokenizer, chat } = language;
  const network = askedCxrLlava(config, chat);
  const plain = beginning(config, model.params, language.params as LlamaParams, foldIn(key, 0)) as Tree;
  const adapted = Object.fromEntries(Object.entries(flatten(plain)).filter(([path]) => ADAPTED.test(path)));
  const adapters = lowRankAdapters(adapted, recipe.rank, foldIn(key, 1));
  const params = withLora(plain, adapters, recipe);
  let learnt: Tree | undefined;
  try {
    const asked = llavaInstructions(data.records, foldIn(key, 2)).filter(
      ({ question }) => recipe.asks === 'all' || isPresenceQuestion(question),
    );
    const length = network.places + recipe.text_length;
    const taken = dialoguesOf({ network, tokenizer }, asked, length);
    const note = takenNote(taken);
    if (note) onNote?.(note);
    const watched = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const states = await imageStates({ network, params }, data.pixels, watched);
    const trained = await trainAnswers({
      model: { network, params, tokenizer },
      dialogues: taken.dialogues,
      states,
      trains: (path) => TRAINS.test(path),
      length,
      optimisation: recipe.optimisation,
      key: foldIn(key, 3),
      ...(signal && { signal }),
      ...(onStart && { onStart }),
      ...(onStep && { onStep }),
      ...(checkpoints && { checkpoints }),
    });
    learnt = trained.params;
    const result: CxrLlavaModel = { config, params: withoutLora(learnt) as CxrLlavaParams, tokenizer, chat: chat! };
    await saveCxrLlava(folder, result);
    return result;
  } finally {
    dispose(params, ...(learnt ? [learnt] : []));
  }
}

/** The given encoder and language model with a projector of random weights between them; copies, which the caller disposes. */
function beginning(config: CxrLlavaConfig, { vision_tower }: CxrLlavaParams, { model, lm_head }: LlamaParams, key: Key): CxrLlavaParams {
  const copied = cloneTree({ vision_tower, llama: model, ...(lm_head && { lm_head }) } as Tree) as Omit<CxrLlavaParams, 'mm_projector'>;
  const { vision_tower: encoder, ...rest } = copied;
  const projector = linearSpec(config.mm_projector_dim, config.llama.hidden_size ?? 4096);
  return { vision_tower: encoder, mm_projector: initialise<LinearParams>(projector, key), ...rest };
}
