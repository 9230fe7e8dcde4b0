/** A network's folder: config, weights, tokenizer. */

import { join } from 'node:path';
import { readObject, writeJson } from '../../../files';
import { expectFolderOf, loadParameters, saveParameters } from '../../../files/internal';
import { loadTokenizer } from '../../../tokenizers';
import { checkDygieConfig, type DygieConfig } from './config';
import { type DygieParams, dygieShapes } from './params';
import { isPublished, loadPublished } from './published';
import type { DygieModel } from './reader';

/** Writes a folder that `loadRadGraph` opens: the same model, the same bytes. @throws FileError where it cannot be written */
export async function saveRadGraph(folder: string, { config, params, tokenizer }: DygieModel): Promise<void> {
  await tokenizer.save(folder);
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), config);
}

/**
 * Opens a network's folder, or a published archive whose weights were converted (`published.ts`).
 *
 * @returns the caller disposes its parameters
 * @throws FileError where a file is missing or not what it should be
 */
export async function loadRadGraph(folder: string): Promise<DygieModel> {
  if (isPublished(folder)) return await loadPublished(folder);
  expectFolderOf('a network that finds entities and relations', folder, ['config.json']);
  const config = await readObject<DygieConfig>(join(folder, 'config.json'), checkDygieConfig);
  const tokenizer = await loadTokenizer(folder);
  const params = await loadParameters<DygieParams>(folder, { file: 'model', expected: dygieShapes(config) });
  return { config, params, tokenizer };
}
