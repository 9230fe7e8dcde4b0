/** CXR-LLaVA's stages in one folder: the encoder of images on labels, the language model on texts, in the first version the encoder on labels as texts; the projector, then projector and language model on dialogues. */

import { join } from 'node:path';
import { cloneTree, dispose, foldIn, type Key, type Tree } from '../../../engine';
import type { MemoryEstimate } from '../../../experiments';
import { type Tokenizer, trainBpe } from '../../../tokenizers';
import type { Optimisation, Watched } from '../../../training';
import { alignEncoder, textVectors } from '../../asking/align-encoder';
import { imageStates } from '../../asking/image-states';
import { type KeptEncoder, loadLabelledEncoder, saveLabelledEncoder } from '../../asking/labelled-encoder';
import { estimateAnswersMemory } from '../../asking/memory';
import type { AskedNetwork } from '../../asking/network';
import type { Radiographs } from '../../asking/radiographs';
import { isFinished, keptStage } from '../../asking/stages';
import { dialoguesOf, type Instruction, takenNote, textDialogues } from '../../asking/tokens';
import { type TrainAnswersOptions, trainAnswers } from '../../asking/train-answers';
import { trainEncoder } from '../../asking/train-encoder';
import { isReportPrompt, llavaInstructions } from '../data/instructions';
import { labelText } from '../data/label-texts';
import { type CxrLlavaModel, loadCxrLlava, saveCxrLlava } from '../network/files';
import { askedCxrLlava, type CxrLlavaParams, cxrLlavaShapes, initCxrLlava } from '../network/model';
import { type LlavaRecipe, type LlavaStage, llavaConfigOf, llavaVisionOf } from './recipe';

/** What the last stage, the largest, needs of memory. */
export function estimateLlavaMemory(recipe: LlavaRecipe): MemoryEstimate {
  const config = llavaConfigOf(recipe, recipe.vocabulary_size);
  const length = askedCxrLlava(config).places + recipe.text_length;
  const trains = (path: string): boolean => TRAINS.dialogues.test(path);
  return estimateAnswersMemory({ shapes: cxrLlavaShapes(config), trains, language: config.llama, length }, recipe.stages.dialogues);
}

export interface FitLlavaOptions {
  readonly recipe: LlavaRecipe;
  readonly data: Radiographs;
  /** What the language model reads before it sees images. */
  readonly texts: readonly string[];
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** How a stage's training is watched and kept. */
  readonly watch?: (stage: LlavaStage) => Omit<Watched, 'signal'>;
  /** Of images that the encoder reads once. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what was cut, a sentence with counts. */
  readonly onNote?: (note: string) => void;
}

/** Where what a stage trained is kept: the encoder with the layer that reads labels, the language model, the encoder of after texts, the projector, the whole model. */
export const llavaParts = (out: string): Record<LlavaStage, string> => ({
  vision: join(out, 'vision', 'model'),
  language: join(out, 'language', 'model'),
  alignment: join(out, 'alignment', 'model'),
  projector: join(out, 'projector', 'model'),
  dialogues: join(out, 'model'),
});

/** Findings that any image is known to have or not to have. */
export const findingsKnown = ({ records }: Pick<Radiographs, 'records'>): string[] => [
  ...new Set(records.flatMap(({ labels }) => Object.keys(labels))),
];

/** Stage 1: trained, or as the folder has it. @throws as `fitLlava` */
export async function fitVision({ recipe, data, key, signal, watch }: FitLlavaOptions, folder: string): Promise<KeptEncoder> {
  const network = llavaVisionOf(recipe);
  if (isFinished(folder)) return await loadLabelledEncoder(folder, network.width, network.shapes);
  const findings = findingsKnown(data);
  const params = await trainEncoder({
    network,
    findings,
    labels: data.records.map(({ labels }) => labels),
    pixels: data.pixels,
    optimisation: recipe.stages.vision,
    key: foldIn(key, 0),
    ...(signal && { signal }),
    ...watch?.('vision'),
  });
  await saveLabelledEncoder(folder, { findings, params });
  return { findings, params };
}

/** A vocabulary of all that is asked and answered, and of the texts. */
function vocabularyOf(
  { recipe, texts }: FitLlavaOptions,
  { prompt, places }: AskedNetwork,
  instructions: readonly Instruction[],
): Tokenizer {
  const all = [...texts, ...instructions.flatMap(({ question, answer }) => [prompt(question, 0), answer])];
  return trainBpe(all, { vocabularySize: recipe.vocabulary_size, maxLength: places + recipe.text_length });
}

/** Which parameters a stage trains beside the encoder. */
const TRAINS: Readonly<Record<Exclude<LlavaStage, 'vision'>, RegExp>> = {
  language: /^(llama|lm_head)\./,
  alignment: /^vision_tower\./,
  projector: /^mm_projector\./,
  dialogues: /^(llama|lm_head|mm_projector)\./,
};

/** Where each stage's random numbers begin. */
const KEYS = { language: 4, projector: 5, dialogues: 6, alignment: 7 } as const;

/**
 * Trains all stages; what is finished in the folders is taken from there.
 *
 * @param parts where stages are kept; runs that differ in later stages alone may share folders of the first
 * @returns     the caller disposes its parameters
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitLlava(options: FitLlavaOptions, parts: Readonly<Record<LlavaStage, string>>): Promise<CxrLlavaModel> {
  const { recipe, data, texts, key, signal, watch, onProgress, onNote } = options;
  if (isFinished(parts.dialogues)) return await loadCxrLlava(parts.dialogues);
  const instructions = llavaInstructions(data.records, foldIn(key, 1));
  const tokenizer = vocabularyOf(options, askedCxrLlava(llavaConfigOf(recipe, recipe.vocabulary_size)), instructions);
  const config = llavaConfigOf(recipe, tokenizer.vocabularySize);
  const network = askedCxrLlava(config);
  const { text_length } = recipe;
  const length = network.places + text_length;
  let params = initCxrLlava(config, foldIn(key, 2)) as Tree;
  type OfStage = Pick<TrainAnswersOptions, 'dialogues' | 'length' | 'states'>;
  const isOf = (stage: keyof typeof TRAINS) => (path: string) => TRAINS[stage].test(path);
  const watched = (stage: LlavaStage) => ({ ...(signal && { signal }), ...watch?.(stage) });
  const learnt = async (stage: Exclude<keyof typeof KEYS, 'alignment'>, of: OfStage): Promise<Tree> => {
    const { params: after } = await trainAnswers({
      model: { network, params, tokenizer },
      trains: isOf(stage),
      optimisation: recipe.stages[stage],
      key: foldIn(key, KEYS[stage]),
      ...of,
      ...watched(stage),
    });
    return after;
  };
  const aligned = async (optimisation: Optimisation): Promise<Tree> => {
    const { vision_tower, ...others } = params as CxrLlavaParams;
    const encoder = await alignEncoder({
      network: llavaVisionOf(recipe),
      begins: vision_tower as Tree,
      pixels: data.pixels,
      texts: await textVectors({ network, params, tokenizer }, data.records.map(labelText), text_length, signal),
      optimisation,
      key: foldIn(key, KEYS.alignment),
      ...watched('alignment'),
    });
    return { vision_tower: encoder, ...cloneTree(others as unknown as Tree) } as Tree;
  };
  const stage = (name: 'language' | 'projector', of: OfStage): Promise<Tree> =>
    keptStage({ folder: parts[name], name, isOfStage: isOf(name), params, learn: () => learnt(name, of) });
  try {
    if (recipe.learns !== 'nothing') {
      const { encoder, head } = (await fitVision(options, parts.vision)).params;
      dispose(head, (params as CxrLlavaParams).vision_tower as Tree);
      params = { ...params, vision_tower: encoder } as Tree;
    }
    params = await stage('language', { dialogues: textDialogues(tokenizer, texts, text_length), length: text_length });
    const { alignment } = recipe.stages;
    if (alignment && recipe.learns === 'labels and their texts') {
      const learn = (): Promise<Tree> => aligned(alignment);
      params = await keptStage({ folder: parts.alignment, name: 'alignment', isOfStage: isOf('alignment'), params, learn });
    }
    const states = await imageStates({ network, params }, data.pixels, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
    const taken = dialoguesOf({ network, tokenizer }, instructions, length);
    const { dialogues } = taken;
    const note = takenNote(taken);
    if (note) onNote?.(note);
    const ofReports = dialogues.filter((_, i) => isReportPrompt(taken.instructions[i]!.question));
    params = await stage('projector', { dialogues: ofReports.length > 0 ? ofReports : dialogues, length, states });
    const before = params;
    params = await learnt('dialogues', { dialogues, length, states });
    dispose(before);
    const model: CxrLlavaModel = { config, params: params as CxrLlavaParams, tokenizer };
    await saveCxrLlava(parts.dialogues, model);
    return model;
  } catch (error) {
    dispose(params);
    throw error;
  }
}
