/** Folders of SEI's networks: config, weights, tokenizer. */

import { join } from 'node:path';
import type { Tree } from '../../../engine';
import { readObject, writeJson } from '../../../files';
import { expectFolderOf, loadParameters, saveParameters } from '../../../files/internal';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { type AlignmentParams, alignmentShapes } from './alignment';
import { type AlignmentConfig, checkAlignmentConfig, checkWriterConfig, type WriterConfig } from './config';
import { type WriterParams, writerShapes } from './writer';

/** Stage 1's network. */
export interface AlignmentModel {
  readonly config: AlignmentConfig;
  /** The caller disposes it. */
  readonly params: AlignmentParams;
  /** Its length is the text encoder's window. */
  readonly tokenizer: Tokenizer;
}

/** Stage 2's. */
export interface WriterModel {
  readonly config: WriterConfig;
  /** The caller disposes it. */
  readonly params: WriterParams;
  readonly tokenizer: Tokenizer;
}

/** Writes a folder: the same model, the same bytes. @throws FileError where it cannot be written */
export async function saveSei(folder: string, { config, params, tokenizer }: AlignmentModel | WriterModel): Promise<void> {
  await tokenizer.save(folder);
  await saveParameters(folder, 'model', params as Tree);
  await writeJson(join(folder, 'config.json'), config);
}

async function load<C extends object, P extends Tree>(
  folder: string,
  what: string,
  check: (config: C) => void,
  shapes: (config: C) => Record<string, number[]>,
): Promise<{ config: C; params: P; tokenizer: Tokenizer }> {
  expectFolderOf(what, folder, ['config.json']);
  const config = await readObject<C>(join(folder, 'config.json'), check);
  const tokenizer = await loadTokenizer(folder);
  const params = await loadParameters<P>(folder, { file: 'model', expected: shapes(config) });
  return { config, params, tokenizer };
}

/** @throws FileError where a file is missing or not what it should be */
export const loadAlignment = (folder: string): Promise<AlignmentModel> =>
  load<AlignmentConfig, AlignmentParams>(folder, "SEI's aligned encoders", checkAlignmentConfig, alignmentShapes);

/** @throws FileError where a file is missing or not what it should be */
export const loadWriter = async (folder: string): Promise<WriterModel> =>
  (await load<WriterConfig, Tree>(folder, "SEI's writer of reports", checkWriterConfig, writerShapes)) as WriterModel;
