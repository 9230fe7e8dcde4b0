/** Both stages of a recipe in one folder: aligned encoders, the annotation with similar cases, their history, and the writer. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose, foldIn, type Key, type Tree } from '../../../engine';
import type { Watched } from '../../../training';
import { type SeiAnnotation, type SeiSplit, type SeiStudy, seiSplits, writeSeiAnnotation } from '../annotation';
import type { SeiStudies } from '../data/studies';
import { studiesVocabulary } from '../data/texts';
import { readHistory, writeHistory } from '../history';
import { type AlignmentModel, loadAlignment, loadWriter, saveSei, type WriterModel } from '../network/files';
import { caseFeatures, type EncodeOptions, withCases } from '../retrieve';
import type { CaseFeatures } from '../similar-cases';
import type { SeiRecipe } from './recipe';
import { type StudiesTaken, type TrainSeiOptions, trainAlignment, windowOf } from './train-alignment';
import { trainWriter } from './train-writer';

export const seiStages = ['alignment', 'writer'] as const;
export type SeiStage = (typeof seiStages)[number];

export interface FitOptions {
  readonly recipe: SeiRecipe;
  readonly data: SeiStudies;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onTaken?: (stage: SeiStage, taken: StudiesTaken) => void;
  /** How a stage's training is watched and kept. */
  readonly watch?: (stage: SeiStage) => Omit<Watched, 'signal'>;
}

/** What a folder of a run holds. */
export const runParts = (out: string): Record<SeiStage | 'history' | 'annotation', string> => ({
  alignment: join(out, 'alignment', 'model'),
  writer: join(out, 'writer', 'model'),
  history: join(out, 'history'),
  annotation: join(out, 'annotation.json'),
});

const isThere = (folder: string): boolean => existsSync(join(folder, 'config.json'));

function trainingOf(options: FitOptions, stage: SeiStage): Omit<TrainSeiOptions, 'tokenizer' | 'studies'> {
  const { recipe, data, key, signal, onTaken, watch } = options;
  return {
    recipe,
    pixels: data.pixels.train,
    key: foldIn(key, seiStages.indexOf(stage)),
    onTaken: (taken) => onTaken?.(stage, taken),
    ...(signal && { signal }),
    ...watch?.(stage),
  };
}

/**
 * Stage 1: trained, or as the folder has it.
 *
 * @returns the caller disposes its parameters
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitAlignment(options: FitOptions, folder: string): Promise<AlignmentModel> {
  if (isThere(folder)) return await loadAlignment(folder);
  const { recipe, data } = options;
  const tokenizer = studiesVocabulary(data.annotation.train, recipe.vocabulary_size, windowOf(recipe));
  const { model } = await trainAlignment({ ...trainingOf(options, 'alignment'), tokenizer, studies: data.annotation.train });
  await saveSei(folder, model);
  return model;
}

/** All splits with their similar cases among the training split. @returns also the history's features */
export async function retrieveAll(
  model: AlignmentModel,
  { annotation, pixels }: SeiStudies,
  count: number,
  options: EncodeOptions = {},
): Promise<{ annotation: SeiAnnotation; features: CaseFeatures }> {
  const features = await caseFeatures(model, annotation.train, pixels.train, options);
  const history = { studies: annotation.train, features };
  const found: Partial<Record<SeiSplit, SeiStudy[]>> = {};
  for (const split of seiSplits) {
    const own = split === 'train' ? features : await caseFeatures(model, annotation[split], pixels[split], options);
    found[split] = withCases(annotation[split], own, history, count);
  }
  return { annotation: found as SeiAnnotation, features };
}

/** Stage 2: trained, or as the folder has it. Throws as `fitAlignment`. */
export async function fitWriter(
  options: FitOptions,
  folder: string,
  { model, studies }: { readonly model: AlignmentModel; readonly studies: readonly SeiStudy[] },
): Promise<WriterModel> {
  if (isThere(folder)) return await loadWriter(folder);
  const { tokenizer, params: aligned } = model;
  const { model: writer } = await trainWriter({ ...trainingOf(options, 'writer'), tokenizer, studies, aligned });
  await saveSei(folder, writer);
  return writer;
}

/**
 * Trains both stages; what is finished in the folder is taken from there.
 *
 * @returns the annotation with similar cases, and the writer, whose parameters the caller disposes
 * @throws the signal's reason where it was raised: the same call goes on
 */
export async function fitSei(options: FitOptions, out: string): Promise<{ annotation: SeiAnnotation; writer: WriterModel }> {
  const parts = runParts(out);
  const model = await fitAlignment(options, parts.alignment);
  try {
    const { recipe, data, signal } = options;
    const { annotation, features } = await retrieveAll(model, data, recipe.cases, { ...(signal && { signal }) });
    await writeSeiAnnotation(parts.annotation, annotation);
    await writeHistory(parts.history, { cases: annotation.train, features });
    return { annotation, writer: await fitWriter(options, parts.writer, { model, studies: annotation.train }) };
  } finally {
    dispose(model.params as Tree);
  }
}

/** A run that is put to use: the encoders that cases are found by, the cases, and the writer. The caller disposes both models' parameters. */
export async function loadSei(out: string): Promise<{
  readonly alignment: AlignmentModel;
  readonly writer: WriterModel;
  readonly history: Awaited<ReturnType<typeof readHistory>>;
}> {
  const parts = runParts(out);
  const history = await readHistory(parts.history);
  const writer = await loadWriter(parts.writer);
  try {
    return { alignment: await loadAlignment(parts.alignment), writer, history };
  } catch (error) {
    dispose(writer.params as Tree);
    throw error;
  }
}
