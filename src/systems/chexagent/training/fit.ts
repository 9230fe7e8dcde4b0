/** CheXagent's four stages in one folder. */

import { join } from 'node:path';
import { cloneTree, dispose, foldIn, type Key, type Tree } from '../../../engine';
import type { MemoryEstimate } from '../../../experiments';
import type { Rows } from '../../../files';
import { chosenRows } from '../../../files/internal';
import { type Tokenizer, trainBpe } from '../../../tokenizers';
import type { Watched } from '../../../training';
import { alignEncoder, textVectors } from '../../asking/align-encoder';
import { imageStates } from '../../asking/image-states';
import { estimateAnswersMemory } from '../../asking/memory';
import type { AskedNetwork } from '../../asking/network';
import { isFinished, keptStage } from '../../asking/stages';
import { dialoguesOf, type Instruction, takenNote, textDialogues } from '../../asking/tokens';
import { type TrainAnswersOptions, trainAnswers } from '../../asking/train-answers';
import { buildInstructions, type InstructSample } from '../instruct/build';
import type { InstructSource } from '../instruct/source';
import { withoutComparisons } from '../instruct/words';
import { type CheXagentModel, loadCheXagent, saveCheXagent } from '../network/files';
import { askedCheXagent, type CheXagentParams, cheXagentEncoder, cheXagentShapes, initCheXagent } from '../network/model';
import { type CheXagentRecipe, type CheXagentStage, cheXagentConfigOf, cheXagentStages } from './recipe';

export interface FitCheXagentOptions {
  readonly recipe: CheXagentRecipe;
  /** What instructions are made of. */
  readonly source: InstructSource;
  /** Of its records. */
  readonly pixels: Rows;
  /** Records that are learnt from; all where left out. */
  readonly records?: readonly number[];
  /** What the language model reads before it sees images. */
  readonly texts: readonly string[];
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** How a stage's training is watched and kept. */
  readonly watch?: (stage: CheXagentStage) => Omit<Watched, 'signal'>;
  /** Of what is prepared: instructions by task, images that the encoder reads once. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** Called with what was cut and left out, a sentence with counts. */
  readonly onNote?: (note: string) => void;
}

/** Where what a stage trained is kept; the last one's is the whole model. */
export const cheXagentParts = (out: string): Record<CheXagentStage, string> => ({
  language: join(out, 'language', 'model'),
  vision: join(out, 'vision', 'model'),
  bridge: join(out, 'bridge', 'model'),
  instructions: join(out, 'model'),
});

/** Which parameters a stage trains. */
const TRAINS: Readonly<Record<CheXagentStage, RegExp>> = {
  language: /^language_model\./,
  vision: /^vision_model\./,
  bridge: /^(query_tokens$|qformer\.|language_projection\.)/,
  instructions: /^(query_tokens$|qformer\.|language_projection\.|language_model\.)/,
};

/** What the last stage, the largest, needs of memory. */
export function estimateCheXagentMemory(recipe: CheXagentRecipe): MemoryEstimate {
  const config = cheXagentConfigOf(recipe, recipe.vocabulary_size);
  const { images, places } = askedCheXagent(config, recipe.preprocessing, { idOf: () => undefined });
  const trains = (path: string): boolean => TRAINS.instructions.test(path);
  const length = images * places + recipe.text_length;
  return estimateAnswersMemory(
    { shapes: cheXagentShapes(config), trains, language: config.text_config, length },
    recipe.stages.instructions,
  );
}

/** Tasks that the bridge learns by: what an image shows, in words. */
const OF_BRIDGE = ['Findings Generation', 'Impression Generation', 'Local Findings Generation', 'Disease Identification'];

/** Of samples with options, every so many are asked without them: the answer is then the option's own words, as where options are compared by likelihood. */
const WITHOUT_OPTIONS = 4;

const instructionOf = ({ images, question, answer, asked, options, right }: InstructSample, i: number): Instruction =>
  right >= 0 && i % WITHOUT_OPTIONS === 0 ? { images, question: asked, answer: options[right]! } : { images, question, answer };

/** What an image's report says of this image alone; the label of a view where it says nothing. */
const reportOf = ({ records }: InstructSource, i: number): string => {
  const { sections, text } = records[i]!;
  return withoutComparisons(sections?.findings ?? '') || withoutComparisons(sections?.impression ?? '') || text;
};

/** A vocabulary of all that is asked and answered, and of the texts. */
function vocabularyOf(
  { recipe, texts }: FitCheXagentOptions,
  { prompt, places, images }: AskedNetwork,
  samples: readonly InstructSample[],
): Tokenizer {
  const all = [...texts, ...samples.flatMap(({ question, answer }) => [prompt(question, 0), answer])];
  return trainBpe(all, { vocabularySize: recipe.vocabulary_size, maxLength: images * places + recipe.text_length });
}

/**
 * Trains all stages but those that the recipe leaves out; what is finished in the folders is taken from there.
 *
 * @param parts where stages are kept; runs that differ in later stages alone may share folders of the first
 * @returns     the caller disposes its parameters
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitCheXagent(options: FitCheXagentOptions, parts: Readonly<Record<CheXagentStage, string>>): Promise<CheXagentModel> {
  const { recipe, source, pixels, texts, records = Array.from(source.records.keys()), key, signal, watch, onProgress, onNote } = options;
  if (isFinished(parts.instructions)) return await loadCheXagent(parts.instructions);
  const { preprocessing, text_length, instruct } = recipe;
  const samples = await buildInstructions(source, {
    key: foldIn(key, 1),
    perTask: instruct.per_task,
    records,
    lettering: 'A',
    ...(instruct.samples && { samples: instruct.samples }),
    ...(instruct.tasks && { tasks: instruct.tasks }),
    ...(signal && { signal }),
    onProgress: (done, total) => onProgress?.('Tasks', done, total),
  });
  const draft = askedCheXagent(cheXagentConfigOf(recipe, recipe.vocabulary_size), preprocessing, { idOf: () => undefined });
  const tokenizer = vocabularyOf(options, draft, samples);
  const config = cheXagentConfigOf(recipe, tokenizer.vocabularySize);
  const network = askedCheXagent(config, preprocessing, tokenizer);
  const length = network.images * network.places + text_length;
  let params = initCheXagent(config, foldIn(key, 2)) as Tree;
  type OfStage = Pick<TrainAnswersOptions, 'dialogues' | 'length' | 'states'>;
  const isOf = (stage: CheXagentStage) => (path: string) => TRAINS[stage].test(path);
  const keyOf = (stage: CheXagentStage): Key => foldIn(key, 3 + cheXagentStages.indexOf(stage));
  const watched = (stage: CheXagentStage) => ({ ...(signal && { signal }), ...watch?.(stage) });
  const learnt = async (stage: CheXagentStage, of: OfStage): Promise<Tree> => {
    const { params: after } = await trainAnswers({
      model: { network, params, tokenizer },
      trains: isOf(stage),
      optimisation: recipe.stages[stage],
      key: keyOf(stage),
      ...of,
      ...watched(stage),
    });
    return after;
  };
  const aligned = async (): Promise<Tree> => {
    const reports = records.map((i) => reportOf(source, i));
    const encoder = await alignEncoder({
      network: cheXagentEncoder(config, preprocessing),
      pixels: chosenRows(pixels, records),
      texts: await textVectors({ network, params, tokenizer }, reports, text_length, signal),
      optimisation: recipe.stages.vision,
      key: keyOf('vision'),
      ...watched('vision'),
    });
    const { vision_model: _, ...others } = params as CheXagentParams;
    return { vision_model: encoder, ...cloneTree(others as unknown as Tree) } as Tree;
  };
  const stage = async (name: Exclude<CheXagentStage, 'instructions'>, learn: () => Promise<Tree>): Promise<void> => {
    if (!recipe.without.includes(name)) params = await keptStage({ folder: parts[name], name, isOfStage: isOf(name), params, learn });
  };
  try {
    await stage('language', () => learnt('language', { dialogues: textDialogues(tokenizer, texts, text_length), length: text_length }));
    await stage('vision', aligned);
    const states = await imageStates({ network, params }, pixels, {
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.('Images', done, total),
    });
    const taken = dialoguesOf({ network, tokenizer }, samples.map(instructionOf), length);
    const note = takenNote(taken);
    if (note) onNote?.(note);
    const ofBridge = samples.filter(({ task }) => OF_BRIDGE.includes(task)).map(instructionOf);
    await stage('bridge', () =>
      learnt('bridge', {
        ...dialoguesOf({ network, tokenizer }, ofBridge.length > 0 ? ofBridge : taken.instructions, length),
        length,
        states,
      }),
    );
    const before = params;
    params = await learnt('instructions', { dialogues: taken.dialogues, length, states });
    dispose(before);
    const model: CheXagentModel = { config, preprocessing, params: params as CheXagentParams, tokenizer };
    await saveCheXagent(parts.instructions, model);
    return model;
  } catch (error) {
    dispose(params);
    throw error;
  }
}
