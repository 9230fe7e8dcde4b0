/** The folder of CheXagent-8b: config, weights in one file or several, how images are brought to it, and the tokenizer. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadLanguageModelOptions } from '../../../decoders';
import type { Tree } from '../../../engine';
import { FileError, readObject, writeJson } from '../../../files';
import { expectFolderOf, is, loadParameters, mustStayNarrow, saveParameters } from '../../../files/internal';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { type CheXagentConfig, CLIP_PREPROCESSING, checkCheXagentConfig, checkPreprocessing, type ImagePreprocessing } from './config';
import { type CheXagentParams, cheXagentShapes } from './model';

export interface CheXagentModel {
  readonly config: CheXagentConfig;
  readonly preprocessing: ImagePreprocessing;
  /** The caller disposes it. */
  readonly params: CheXagentParams;
  readonly tokenizer: Tokenizer;
}

const IMAGES = 'preprocessor_config.json';

/** Writes a folder: the same model, the same bytes. @throws FileError where it cannot be written */
export async function saveCheXagent(folder: string, { config, preprocessing, params, tokenizer }: CheXagentModel): Promise<void> {
  checkCheXagentConfig(config);
  await tokenizer.save(folder);
  await saveParameters(folder, 'model', params as Tree);
  await writeJson(join(folder, IMAGES), preprocessing);
  await writeJson(join(folder, 'config.json'), config);
}

/** Tables that old files list. */
const PASSED_OVER = /rotary_emb\.inv_freq$|position_ids$/;

/**
 * Reads a folder of `saveCheXagent`, or one of the published model.
 *
 * @throws FileError where a file is missing or not what it should be, or the weights do not fit into the memory that is free, with both numbers, before they are read
 */
export async function loadCheXagent(folder: string, options: LoadLanguageModelOptions = {}): Promise<CheXagentModel> {
  expectFolderOf('a model of CheXagent', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const config = await readObject<CheXagentConfig>(file, (read) => checkCheXagentConfig(read as CheXagentConfig));
  const expected = cheXagentShapes(config);
  const rename = (key: string): string | undefined => (PASSED_OVER.test(key) ? undefined : key);
  const narrow = options.narrow ?? (await mustStayNarrow(file, folder, expected, rename));
  const preprocessing = await preprocessingOf(folder, config);
  const tokenizer = await loadTokenizer(folder);
  const { vocab_size: known = 32000 } = config.text_config;
  if (tokenizer.vocabularySize > known)
    throw new FileError(folder, `its tokenizer has ${tokenizer.vocabularySize} tokens, and the language model ${known}`);
  const params = await loadParameters<CheXagentParams & Tree>(folder, { file: 'model', expected, rename, narrow });
  return { config, preprocessing, params, tokenizer };
}

async function preprocessingOf(folder: string, config: CheXagentConfig): Promise<ImagePreprocessing> {
  const file = join(folder, IMAGES);
  if (!existsSync(file)) return CLIP_PREPROCESSING;
  const all = await readObject<ImagePreprocessing & Record<string, unknown>>(file, (read) => {
    const others = Object.keys(read).filter((key) => key !== 'image_mean' && key !== 'image_std');
    checkPreprocessing(read as unknown as ImagePreprocessing, config, Object.fromEntries(others.map((key) => [key, is.anything])));
  });
  return { image_mean: all.image_mean, image_std: all.image_std };
}
